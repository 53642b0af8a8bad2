using RegistryProxy.Egress;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Egress;

/// <summary>Authorities of a company beside the system's, and a certificate of our own.</summary>
public sealed class EgressTlsTests
{
    [Fact]
    public async Task An_authority_of_the_configuration_is_trusted_for_the_hosts_that_it_signs()
    {
        using var authority = TestCertificates.Authority("company");
        using var stranger = TestCertificates.Authority("stranger");
        await using var server = await PrivateRegistry.Start(authority.Issue("registry", "registry.corp"), _ => Task.CompletedTask);
        var both = string.Join('\n', stranger.ExportCertificatePem(), authority.ExportCertificatePem());
        Assert.Null(await Reason(server.Url, new TlsMaterial(both, null, null)));
        Assert.Contains("it is for another host", await Reason($"https://localhost:{server.Port}", new TlsMaterial(both, null, null)));
        Assert.Contains("its authority is not known here",
            await Reason(server.Url, new TlsMaterial(stranger.ExportCertificatePem(), null, null)));
        Assert.Contains("its authority is not known here", await Reason(server.Url, null));
        server.Show(authority.Issue("registry", DateTimeOffset.UtcNow.AddMinutes(-1), "registry.corp"));
        Assert.Contains("it has expired", await Reason(server.Url, new TlsMaterial(both, null, null)));
    }

    [Fact]
    public async Task Our_certificate_is_shown_to_the_servers_that_the_operator_named()
    {
        using var authority = TestCertificates.Authority("company");
        var ours = authority.Issue("front-door");
        await using var registry = await PrivateRegistry.Start(authority.Issue("registry", "registry.corp"), _ => Task.CompletedTask);
        await using var storage = await PrivateRegistry.Start(authority.Issue("storage", "storage.corp"), _ => Task.CompletedTask);
        var settings = new EgressSettings(AllowPrivate: true)
        {
            Tls = new TlsMaterial(authority.ExportCertificatePem(), ours.Certificate, new Secret(ours.Key)),
            Targets = new ConfiguredTargets([new Uri(registry.Url)]),
        };
        using var http = new HttpMessageInvoker(UpstreamTransport.Create(settings));
        await Get(http, registry.Url);
        await Get(http, storage.Url);
        Assert.Equal([("/v2/", "CN=front-door")], registry.Seen);
        Assert.Equal([("/v2/", null)], storage.Seen);
    }

    [Fact]
    public void Equal_settings_share_a_way_and_others_do_not()
    {
        using var pool = new EgressPool(settings => UpstreamTransport.Create(settings), TimeProvider.System);
        static EgressSettings Settings(string key) => new(true)
        {
            Tls = new TlsMaterial(null, "certificate", new Secret(key)),
            Targets = new ConfiguredTargets([new Uri("https://registry.corp")]),
        };
        Assert.Same(pool.For(new EgressSettings(true)), pool.For(new EgressSettings(true)));
        Assert.NotSame(pool.For(new EgressSettings(true)), pool.For(new EgressSettings(false)));
        Assert.Equal(Settings("a"), Settings("a"));
        Assert.NotEqual(Settings("a"), Settings("b"));
        Assert.NotEqual(Settings("a"), Settings("a") with { Targets = new ConfiguredTargets([new Uri("https://other.corp")]) });
    }

    private static async Task<string?> Reason(string url, TlsMaterial? tls)
    {
        using var http = new HttpMessageInvoker(UpstreamTransport.Create(new EgressSettings(AllowPrivate: true) { Tls = tls }));
        try
        {
            await Get(http, url);
            return null;
        }
        catch (HttpRequestException fault)
        {
            return fault.Causes().OfType<UntrustedCertificateException>().Single().Message;
        }
    }

    private static async Task Get(HttpMessageInvoker http, string url)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{url}/v2/");
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode);
    }
}
