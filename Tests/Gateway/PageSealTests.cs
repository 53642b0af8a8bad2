using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.PageSessions;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Gateway;

/// <summary>What the cookies of the page hold opens for whom it was sealed, and for nobody else.</summary>
public sealed class PageSealTests
{
    private static readonly Secret[] Keys = [.. Enumerable.Range(0, 2).Select(_ =>
        new Secret(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))))];

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2027, 3, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly CurrentMap _map;
    private readonly PageSeal _seal;

    public PageSealTests()
    {
        _map = new CurrentMap(_time);
        _map.Replace(Map(Keys[0]));
        _seal = new PageSeal(_map, _time);
    }

    [Fact]
    public void It_is_bound_to_its_tenant_its_service_and_its_cookie()
    {
        var value = _seal.Seal(Session(), Service("acme"), PageCookies.Visitor);
        Assert.DoesNotContain("canary", value);
        Assert.Equal("canary", _seal.Open(value, Service("acme"), PageCookies.Visitor)!.Token);
        Assert.Null(_seal.Open(value, Service("other"), PageCookies.Visitor));
        Assert.Null(_seal.Open(value, Service("acme") with { Service = "else.example" }, PageCookies.Visitor));
        Assert.Null(_seal.Open(value, Service("acme"), PageCookies.Administration));
        Assert.Null(_seal.Open(value[..^1] + (value[^1] == 'A' ? 'B' : 'A'), Service("acme"), PageCookies.Visitor));
        Assert.Null(_seal.Open("x", Service("acme"), PageCookies.Visitor));
    }

    [Fact]
    public void It_ends_by_its_time()
    {
        var value = _seal.Seal(Session(), Service("acme"), PageCookies.Visitor);
        _time.Advance(TimeSpan.FromMinutes(59));
        Assert.NotNull(_seal.Open(value, Service("acme"), PageCookies.Visitor));
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Null(_seal.Open(value, Service("acme"), PageCookies.Visitor));
    }

    [Fact]
    public void It_outlives_the_rotation_of_keys_and_ends_with_its_key()
    {
        var value = _seal.Seal(Session(), Service("acme"), PageCookies.Visitor);
        _map.Replace(Map(Keys[1], Keys[0]));
        Assert.NotNull(_seal.Open(value, Service("acme"), PageCookies.Visitor));
        _map.Replace(Map(Keys[1]));
        Assert.Null(_seal.Open(value, Service("acme"), PageCookies.Visitor));
    }

    [Fact]
    public void It_is_no_upload_and_no_upload_is_a_session()
    {
        var value = _seal.Seal(Session(), Service("acme"), PageCookies.Visitor);
        Assert.False(new AuthenticatedSeal([Convert.FromBase64String(Keys[0].Reveal())]).TryOpen(value, [], out _));
        Assert.DoesNotContain("canary", Session().ToString());
    }

    private PageSession Session() => new("canary", (_time.GetUtcNow() + TimeSpan.FromHours(1)).ToUnixTimeSeconds());

    private static FrontDoorMap Map(params Secret[] keys) => new(new GatewaySnapshot
    {
        Version = "1", ConfigurationVersion = "1", AccessLifetime = TimeSpan.FromMinutes(15), Keys = [], UploadKeys = keys, Upstreams = [],
        Tenants = [],
    });

    private static TokenService Service(string tenant) => new(
        new Tenant(
            new TenantSnapshot
            {
                Name = tenant, Hosts = ["*"], Routes = [], Namespaces = new Dictionary<string, string>(), AnonymousRules = [],
            },
            new Dictionary<string, Upstream>()),
        "https", "docker.example", "docker.example");
}
