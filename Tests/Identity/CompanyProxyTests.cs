using RegistryProxy.Egress;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Issuers;
using RegistryProxy.Grains.Upstreams.Credentials.Clouds;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Identity;

/// <summary>Issuers and services of clouds behind the proxy of a company.</summary>
public sealed class CompanyProxyTests
{
    /// <summary>Some token; it must name its issuer to have its keys asked for.</summary>
    private const string Header = """{"alg":"ES256","kid":"k1"}""";

    [Fact]
    public async Task Issuers_are_reached_by_name_and_API_servers_never()
    {
        await using var proxy = new ConnectProxy();
        using var lab = new AuthenticatorLab();
        var top = $"egress: {{ proxy: \"{proxy.Url}\" }}";
        var oidc = lab.Create("{ type: oidc, issuer: \"https://idp.corp.invalid\", audience: door, require: { a: b } }", top: top);
        await Unavailable(oidc, "https://idp.corp.invalid");
        Assert.Equal(["idp.corp.invalid:443"], proxy.Asked);
        proxy.Asked.Clear();
        using var other = new AuthenticatorLab();
        await Unavailable(other.Create("{ type: kubernetes, issuer: \"https://api.corp.invalid\", audience: door }", top: top),
            "https://api.corp.invalid");
        Assert.Empty(proxy.Asked);
    }

    [Fact]
    public async Task What_a_discovery_document_names_is_vetted()
    {
        await using var proxy = new ConnectProxy();
        var settings = new EgressSettings(AllowPrivate: false)
        {
            Proxy = new ProxySettings(
                new Uri(proxy.Url), "egress.proxy"), Targets = new ConfiguredTargets([new Uri("https://idp.corp.invalid/realm")]),
        };
        using var documents = new IssuerDocuments(() => settings, allowPrivate: false, null, TimeProvider.System);
        await Assert.ThrowsAsync<HttpRequestException>(
            () => documents.GetDocumentAsync("https://keys.corp.invalid/jwks", TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<HttpRequestException>(
            () => documents.GetDocumentAsync("https://10.0.0.1/jwks", TestContext.Current.CancellationToken));
        Assert.Empty(proxy.Asked);
        await Assert.ThrowsAsync<HttpRequestException>(
            () => documents.GetDocumentAsync("https://idp.corp.invalid/jwks", TestContext.Current.CancellationToken));
        Assert.Equal(["idp.corp.invalid:443"], proxy.Asked);
    }

    [Fact]
    public async Task Services_of_clouds_are_reached_by_name_and_metadata_services_never()
    {
        await using var proxy = new ConnectProxy();
        using var clouds = new CloudTransport(TimeProvider.System);
        var network = new EgressSettings(AllowPrivate: false) { Proxy = new ProxySettings(new Uri(proxy.Url), "egress.proxy") };
        using var named = clouds.Client(network, new Uri("https://sts.corp.invalid"));
        await Fails(named, "https://api.ecr.eu-west-1.amazonaws.com");
        await Fails(named, "https://sts.corp.invalid");
        using var library = new HttpClient(
            clouds.Handler(network, new("login.microsoftonline.com", null), new("169.254.169.254", null),
                new("metadata.google.internal", null)));
        await Fails(library, "https://login.microsoftonline.com");
        await Fails(library, "https://oauth2.googleapis.com");
        string[] asked = ["api.ecr.eu-west-1.amazonaws.com:443", "sts.corp.invalid:443", "login.microsoftonline.com:443",
            "oauth2.googleapis.com:443"];
        Assert.Equal(asked, proxy.Asked);
        Assert.Equal(Passage.Direct, network.To("metadata.google.internal", 80));
        Assert.Equal(Passage.ProxyByAddress, network.To("169.254.169.254", 80));
    }

    private static async Task Fails(HttpClient http, string url) =>
        Assert.Contains((await Assert.ThrowsAnyAsync<Exception>(() => http.GetAsync(url, TestContext.Current.CancellationToken))).Causes(),
            cause => cause is ProxyException);

    private static async Task Unavailable(IAuthenticator authenticator, string issuer)
    {
        var claims = $$"""{"iss":"{{issuer}}","aud":"door","sub":"s","exp":4102444800}""";
        var token = string.Join('.',
            new[] { Header, claims, "signature" }.Select(
                part => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(part)).TrimEnd('=').Replace('+', '-').Replace('/', '_')));
        var verdict = await ((ITokenAuthenticator)authenticator).Verify(
            new PresentedCredential("acme", new Secret(token)), TestContext.Current.CancellationToken);
        Assert.Equal(VerdictKind.Unavailable, verdict.Kind);
        (authenticator as IDisposable)?.Dispose();
    }
}
