using RegistryProxy.Grains.Identity;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Identity;

/// <summary>A verifier of the operator's own, over mutual TLS.</summary>
public sealed class GrpcTests : IAsyncDisposable
{
    private readonly AuthenticatorLab _authenticators = new();
    private BadgeServer? _verifier;

    public async ValueTask DisposeAsync()
    {
        _authenticators.Dispose();
        if (_verifier is not null)
        {
            await _verifier.DisposeAsync();
        }
    }

    [Fact]
    public async Task What_the_verifier_says_is_so_and_silence_is_no_login()
    {
        var authenticator = (ITokenAuthenticator)_authenticators.Create(
            $"{{ type: grpc, endpoint: \"{await StartVerifier()}\", ca: server.crt, certificate: client.crt, key: client.key, " +
            $"allowPrivate: true }}");
        var proved = await Verify(authenticator, "badge-4711");
        Assert.Equal(("grace", "7"), (proved.Identity!.Subject, proved.Identity.Claims["building"]));
        Assert.Equal(["builders"], proved.Identity.Groups);
        var refused = await Verify(authenticator, "badge-1");
        Assert.Equal((VerdictKind.Refused, "this badge is not known"), (refused.Kind, refused.Message));
        Assert.Equal("the credential is refused", (await Verify(authenticator, "inject")).Message);
        foreach (var silence in new[] { "throw", "nothing", "sleep" })
        {
            Assert.Equal(VerdictKind.Unavailable, (await Verify(authenticator, silence)).Kind);
        }

        await _verifier!.Stop();
        Assert.Equal(VerdictKind.Unavailable, (await Verify(authenticator, "badge-4711")).Kind);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("gzip")]
    public async Task Answers_beyond_the_bound_are_none_whether_they_are_compressed_or_not(string? compression)
    {
        _verifier = await BadgeServer.Start((name, text) => _authenticators.Write(name, text), compression);
        var authenticator = (ITokenAuthenticator)_authenticators.Create(
            $"{{ type: grpc, endpoint: \"{_verifier.Url}\", ca: server.crt, certificate: client.crt, key: client.key, allowPrivate: true " +
            $"}}");
        Assert.Equal(VerdictKind.Refused, (await Verify(authenticator, "badge-1")).Kind);
        foreach (var credential in new[] { "large", "bomb" })
        {
            Assert.Equal(VerdictKind.Unavailable, (await Verify(authenticator, credential)).Kind);
        }
    }

    [Fact]
    public async Task A_verifier_with_another_certificate_is_not_asked()
    {
        var url = await StartVerifier();
        using var other = TestCertificates.ForLocalhost("other");
        _authenticators.Write("other.crt", other.Pem().Certificate);
        var authenticator = (ITokenAuthenticator)_authenticators.Create(
            $"{{ type: grpc, endpoint: \"{url}\", ca: other.crt, certificate: client.crt, key: client.key, allowPrivate: true }}");
        Assert.Equal(VerdictKind.Unavailable, (await Verify(authenticator, "badge-4711")).Kind);
    }

    [Theory]
    [InlineData("{ type: grpc }", "endpoint")]
    [InlineData("{ type: grpc, endpoint: \"http://verifier.example\" }", "https://")]
    [InlineData("{ type: grpc, endpoint: \"https://verifier.example\", key: config.yaml }", "are required together")]
    public void A_bad_configuration_says_what_is_wrong(string yaml, string saying) =>
        Assert.Contains(_authenticators.Errors(yaml), error => error.Contains(saying, StringComparison.Ordinal));

    private async Task<string> StartVerifier()
    {
        _verifier = await BadgeServer.Start((name, text) => _authenticators.Write(name, text));
        return _verifier.Url;
    }

    private static async Task<Verdict> Verify(ITokenAuthenticator authenticator, string credential) =>
        await authenticator.Verify(new PresentedCredential("acme", new Secret(credential)), TestContext.Current.CancellationToken);
}
