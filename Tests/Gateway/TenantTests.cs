using Microsoft.AspNetCore.Http;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Gateway;

public sealed class TenantTests
{
    private static readonly FrontDoorMap Map = new(new GatewaySnapshot
    {
        Version = "1",
        ConfigurationVersion = "1",
        AccessLifetime = TimeSpan.FromMinutes(15),
        Keys = [],
        UploadKeys = [],
        Upstreams =
        [
            new UpstreamSnapshot { Name = "gcr", Url = new Uri("https://gcr.io") },
            new UpstreamSnapshot { Name = "hub", Url = new Uri("https://registry-1.docker.io"), OfficialPrefix = "library" },
        ],
        Tenants =
        [
            Tenant("acme", ["docker.acme.example"], Route("", "gcr", "acme-project"), Route("hub", "hub", "")),
            Tenant("other", ["*"], Route("a/b", "gcr", "x")),
        ],
    });

    [Fact]
    public void Who_shares_content_is_found_by_name_however_many_upstreams_there_are()
    {
        var lists = Enumerable.Range(0, 400).Select(number => new ReadList([$"u{number ^ 1}", $"u{number}", "gone"])).ToArray();
        var map = new FrontDoorMap(Map.Snapshot with
        {
            Tenants = [],
            Upstreams =
            [
                .. lists.Select((list, number) => new UpstreamSnapshot
                {
                    Name = $"u{number}", Url = new Uri($"https://u{number}.example"), SharesContentWith = list,
                }),
                new UpstreamSnapshot { Name = "alone", Url = new Uri("https://alone.example"), SharesContentWith = ["u1"] },
            ],
        });
        Assert.Equal([IdentityOf(7), IdentityOf(6)], map.UpstreamOf(IdentityOf(7))!.Suppliers);
        Assert.All(lists, list => Assert.InRange(list.Reads, 1, 4));

        static string IdentityOf(int number) => new Upstream(
            new UpstreamSnapshot { Name = $"u{number}", Url = new Uri($"https://u{number}.example") }, []).Identity;
    }

    [Theory]
    [InlineData("docker.acme.example", "acme")]
    [InlineData("DOCKER.acme.example", "acme")]
    [InlineData("elsewhere.example", "other")]
    public void Hosts_lead_to_tenants(string host, string tenant) => Assert.Equal(tenant, Map.TenantOf(host)!.Name);

    [Theory]
    [InlineData("api", "gcr", "acme-project/api")]
    [InlineData("hub", "gcr", "acme-project/hub")]
    [InlineData("hubs/api", "gcr", "acme-project/hubs/api")]
    [InlineData("hub/redis", "hub", "library/redis")]
    [InlineData("hub/library/redis", "hub", "library/redis")]
    [InlineData("hub/grafana/grafana", "hub", "grafana/grafana")]
    public void The_longest_prefix_of_whole_components_wins(string name, string upstream, string upstreamName)
    {
        var repository = RepositoryName.Parse(name);
        var route = Acme.RouteOf(repository)!;
        Assert.Equal((upstream, upstreamName), (route.Upstream.Name, route.DestinationOf(repository)!.Name.Value));
    }

    [Theory]
    [InlineData("docker.io", "library/redis", "hub/library/redis")]
    [InlineData("gcr.io", "acme-project/api", "api")]
    [InlineData("gcr.io", "acme-project/hub/x", null)]
    [InlineData("gcr.io", "foreign/api", null)]
    [InlineData("gcr.io", "acme-project", null)]
    [InlineData("evil.example", "acme-project/api", null)]
    public void A_namespace_is_translated_once_into_a_public_name(string ns, string name, string? expected) =>
        Assert.Equal(expected, Acme.FromNamespace(ns, RepositoryName.Parse(name))?.Value);

    [Fact]
    public void A_name_outside_every_route_leads_nowhere() =>
        Assert.Null(Map.TenantOf("x")!.RouteOf(RepositoryName.Parse("a/c")));

    [Theory]
    [InlineData("http", "localhost", "http://localhost", "localhost")]
    [InlineData("http", "LocalHost:80", "http://localhost", "LocalHost")]
    [InlineData("https", "localhost:443", "https://localhost", "localhost")]
    [InlineData("https", "localhost:80", "https://localhost:80", "localhost")]
    [InlineData("http", "127.0.0.1:65535", "http://127.0.0.1:65535", "127.0.0.1")]
    [InlineData("http", "[::1]:5000", "http://[::1]:5000", "[::1]")]
    [InlineData("http", "[0:0:0:0:0:0:0:1]", "http://[0:0:0:0:0:0:0:1]", "[0:0:0:0:0:0:0:1]")]
    public void A_loopback_host_is_echoed_and_weighs_what_is_kept_of_it(string scheme, string host, string origin, string service)
    {
        var request = new DefaultHttpContext().Request;
        (request.Scheme, request.Headers.Host) = (scheme, host);
        var before = Acme.LoopbackTokenServices.Bytes;
        var tokenService = TokenService.Of(Acme, request)!;
        Assert.Equal((origin, $"{origin}/token", service), (tokenService.Origin, tokenService.Realm, tokenService.Service));
        Assert.True(Acme.LoopbackTokenServices.Bytes - before
            > 2 * (scheme.Length + host.Length + tokenService.Realm.Length + origin.Length + tokenService.Authority.Length
                + service.Length));
    }

    [Theory]
    [InlineData("localhost.evil.example")]
    [InlineData("10.0.0.1")]
    [InlineData("")]
    [InlineData("[::2]")]
    public void No_other_host_is(string host)
    {
        var request = new DefaultHttpContext().Request;
        (request.Scheme, request.Headers.Host) = ("http", host);
        Assert.Null(TokenService.Of(Acme, request));
    }

    private static Tenant Acme => Map.TenantOf("docker.acme.example")!;

    private static RouteSnapshot Route(string prefix, string upstream, string rewrite) =>
        new() { Prefix = prefix, Upstreams = [new(upstream, true)], Rewrite = rewrite };

    private static TenantSnapshot Tenant(string name, string[] hosts, params RouteSnapshot[] routes) => new()
    {
        Name = name,
        Hosts = hosts,
        Routes = routes,
        Namespaces = name == "acme" ? new Dictionary<string, string> { ["docker.io"] = "hub", ["gcr.io"] = "" }
            : new Dictionary<string, string>(),
        AnonymousRules = [],
    };

    /// <summary>Names that count how often they are looked through.</summary>
    private sealed class ReadList(string[] names) : IReadOnlyList<string>
    {
        public int Reads { get; private set; }

        public int Count => names.Length;

        public string this[int index] => names[index];

        public IEnumerator<string> GetEnumerator()
        {
            Reads++;
            return ((IEnumerable<string>)names).GetEnumerator();
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
