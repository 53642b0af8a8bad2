using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Gateway;
using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Options;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Gateway.Cache;

/// <summary>A gateway as it is composed, for tests of its cache: no listener, and scripted grains and a scripted registry.</summary>
internal sealed class CacheGateway : IDisposable
{
    private static readonly WriteInterest Everything = WriteInterest.Of(1, _ => true);

    private readonly TemporaryFolder _folder = new();
    private readonly ServiceProvider _services;
    private readonly FrontDoorMap _map;

    /// <param name="configure">Changes its cache.</param>
    /// <param name="ranges">What becomes of ranges.</param>
    /// <param name="isPeer">Whether it is one of several.</param>
    public CacheGateway(
        Func<CacheConfiguration, CacheConfiguration>? configure = null, RouteRanges ranges = RouteRanges.Wait, bool isPeer = false)
    {
        var cache = new CacheConfiguration { Path = _folder.File("cache"), MaxBytes = 100_000_000 };
        var options = new GatewayOptions { Cache = configure?.Invoke(cache) ?? cache, Peers = isPeer ? Peers() : null };
        _services = new ServiceCollection().AddLogging().AddMetrics()
            .AddSingleton<TimeProvider>(Time)
            .AddSingleton(Grains.Factory)
            .AddSingleton<IServer>(Listener)
            .AddSingleton<Func<EgressSettings, HttpMessageHandler>>(_ => Upstream)
            .AddSingleton(new ClientAddress([]))
            .AddGateway(options)
            .BuildServiceProvider();
        var snapshot = SnapshotLab.Of("acme", "other");
        _map = new FrontDoorMap(snapshot with
        {
            Tenants = [.. snapshot.Tenants.Select(
                tenant => tenant with { Routes = [tenant.Routes[0] with { Cache = true, Ranges = ranges }] })],
        });
        Hear();
    }

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.UtcNow);

    public ScriptedUpstream Upstream { get; } = new();

    public ScriptedGrains Grains { get; } = new();

    /// <summary>Where it listens.</summary>
    public Server Listener { get; } = new();

    /// <summary>What requests are charged to; <c>null</c> for those of users.</summary>
    public NameAccount? Account { get; set; }

    /// <summary>The folder of its cache.</summary>
    public string Folder => _folder.File("cache");

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    /// <summary>Writes are heard of: what is known is believed.</summary>
    public void Hear(bool isUnbroken = false)
    {
        var clock = Get<InvalidationClock>();
        clock.Heard(Time.GetTimestamp(), isUnbroken);
        foreach (var shard in clock.Shards)
        {
            shard.Heard(Time.GetTimestamp(), isUnbroken, Everything, isWhole: false);
        }
    }

    /// <summary>Time goes on, and writes are heard of all along.</summary>
    public void Pass(TimeSpan time)
    {
        Time.Advance(time);
        Hear(isUnbroken: true);
    }

    /// <summary>A request of a tenant's user.</summary>
    public RegistryRequest Request(string method, string target, string tenant = "acme", params (string Name, string Value)[] headers)
    {
        Assert.True(DistributionPath.TryParse(target, out var path, out _), target);
        var context = new DefaultHttpContext { Response = { Body = new MemoryStream() } };
        context.Request.Method = method;
        context.Features.Set<IHttpRequestLifetimeFeature>(new Lifetime());
        Array.ForEach(headers, header => context.Request.Headers[header.Name] = header.Value);
        var (known, repository) = (_map.TenantOf($"{tenant}.example")!, path.Repository!);
        var route = known.RouteOf(repository)!;
        return new RegistryRequest
        {
            Context = context, TokenService = new TokenService(known, "https", $"{tenant}.example", $"{tenant}.example"), Map = _map,
            Path = path, Repository = repository, Route = route, Destination = route.DestinationOf(repository)!,
            Caller = new Caller(AccessToken.OfNobody(tenant, $"{tenant}.example", Scope.Catalog), []), Account = Account,
        };
    }

    /// <summary>What names the upstream of a tenant.</summary>
    public static string IdentityOf(string tenant) => new Upstream(SnapshotLab.Upstream(tenant), []).Identity;

    /// <summary>What the client got.</summary>
    public static byte[] BodyOf(RegistryRequest request)
    {
        request.Context.Response.BodyWriter.FlushAsync().AsTask().GetAwaiter().GetResult();
        return ((MemoryStream)request.Context.Response.Body).ToArray();
    }

    /// <summary>Whether the client's connection was cut.</summary>
    public static bool IsCut(RegistryRequest request) => ((Lifetime)request.Context.Features.Get<IHttpRequestLifetimeFeature>()!).IsCut;

    /// <summary>The client goes away.</summary>
    public static void Leave(RegistryRequest request) => ((Lifetime)request.Context.Features.Get<IHttpRequestLifetimeFeature>()!).Leave();

    public void Dispose()
    {
        _services.Dispose();
        _folder.Dispose();
    }

    private PeerOptions Peers()
    {
        using var authority = TestCertificates.Authority("cluster");
        var (certificate, key) = authority.Issue("gateway");
        return new PeerOptions(
            new ClusterTlsConfiguration(
                _folder.Write("cert.pem", certificate), _folder.Write("key.pem", key),
                _folder.Write("ca.pem", authority.ExportCertificatePem())),
            IPAddress.Parse("192.0.2.7"));
    }

    private sealed class Lifetime : IHttpRequestLifetimeFeature, IDisposable
    {
        private readonly CancellationTokenSource _gone = new();

        public Lifetime() => RequestAborted = _gone.Token;

        public bool IsCut { get; private set; }

        public CancellationToken RequestAborted { get; set; }

        public void Abort() => IsCut = true;

        public void Leave() => _gone.Cancel();

        public void Dispose() => _gone.Dispose();
    }

    /// <summary>A server that only says where it listens.</summary>
    internal sealed class Server : IServer
    {
        public Server() => Features.Set<IServerAddressesFeature>(new ServerAddressesFeature());

        public IFeatureCollection Features { get; } = new FeatureCollection();

        /// <summary>The addresses: data, admin, peers.</summary>
        public ICollection<string> Addresses => Features.Get<IServerAddressesFeature>()!.Addresses;

        public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
            where TContext : notnull => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
        }
    }
}
