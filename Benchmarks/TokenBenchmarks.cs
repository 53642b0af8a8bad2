using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Gateway.Authentication;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;

namespace RegistryProxy.Benchmarks;

/// <summary>The access token of a request: the first time, and every other.</summary>
[MemoryDiagnoser]
public class TokenBenchmarks
{
    private readonly AccessTokenCache _cache = new(TimeProvider.System);
    private readonly DefaultHttpContext _context = new();
    private BearerAuthentication _authentication = null!;
    private FrontDoorMap _map = null!;
    private TokenService _tokenService = null!;
    private string _token = "";

    [GlobalSetup]
    public void Prepare()
    {
        var (snapshot, authorization) = BenchmarkToken.Create();
        (_map, _token) = (new FrontDoorMap(snapshot), authorization["Bearer ".Length..]);
        _context.Request.Headers.Authorization = authorization;
        _context.Request.Headers.Host = "docker.acme.example";
        _tokenService = TokenService.Of(_map.TenantOf("docker.acme.example")!, _context.Request)!;
        _authentication = new BearerAuthentication(_cache, TimeProvider.System);
        if (!Known())
        {
            throw new InvalidOperationException("the token is not good");
        }
    }

    [Benchmark]
    public bool Verify() => _map.Verifier.Verify(_token) is not null;

    [Benchmark]
    public bool Known() => _authentication.Authenticate(_context.Request, _tokenService, _map).Token is not null;
}
