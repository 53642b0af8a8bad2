using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Support.Clouds;

/// <summary>
/// What an API server has to do with tokens: it signs those of service accounts in its own form (kubernetes, pkg/serviceaccount/claims.go),
/// and shows its keys over https under a certificate of the cluster's own authority.
/// </summary>
internal sealed class ApiServerKeys : IAsyncDisposable
{
    /// <summary>What every cluster calls itself that nobody gave another name.</summary>
    public const string Issuer = "https://kubernetes.default.svc.cluster.local";

    private readonly RSA _rsa = RSA.Create(2048);
    private readonly string _keyId = Guid.NewGuid().ToString("N");
    private readonly TemporaryFolder _folder = new();
    private WebApplication _app = null!;

    public string KeysUrl => $"{_app.Urls.Single()}/openid/v1/jwks";

    public string CaFile => _folder.File("ca.crt");

    public static async Task<ApiServerKeys> Start(string cluster)
    {
        var server = new ApiServerKeys();
        var certificate = TestCertificates.ForLocalhost(cluster);
        server._folder.Write("ca.crt", certificate.Pem().Certificate);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration()
            .ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listener => listener.UseHttps(certificate)));
        server._app = builder.Build();
        server._app.MapGet("/openid/v1/jwks", (RequestDelegate)(context => context.Response.WriteAsync(server.KeySet())));
        await server._app.StartAsync();
        return server;
    }

    /// <summary>The projected token of a pod.</summary>
    public string Token(string account, string pod, string audience = "registry", string issuer = Issuer)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        return new JsonWebTokenHandler().CreateToken(
            JsonSerializer.Serialize(new Dictionary<string, object>
            {
                ["aud"] = new[] { audience }, ["exp"] = now + 3600, ["iat"] = now, ["iss"] = issuer, ["jti"] = Guid.NewGuid().ToString(),
                ["kubernetes.io"] = new
                {
                    @namespace = "prod", node = new { name = "node-1", uid = Guid.NewGuid() }, pod = new { name = pod,
                        uid = Guid.NewGuid() },
                    serviceaccount = new { name = account, uid = Guid.NewGuid() }, warnafter = now + 3607,
                },
                ["nbf"] = now, ["sub"] = $"system:serviceaccount:prod:{account}",
            }),
            new SigningCredentials(new RsaSecurityKey(_rsa) { KeyId = _keyId }, "RS256"));
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _rsa.Dispose();
        _folder.Dispose();
    }

    private string KeySet()
    {
        var key = _rsa.ExportParameters(false);
        return JsonSerializer.Serialize(new
        {
            keys = new[] { new { use = "sig", kty = "RSA", kid = _keyId, alg = "RS256", n = Base64UrlEncoder.Encode(key.Modulus),
                e = Base64UrlEncoder.Encode(key.Exponent) } },
        });
    }
}
