using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Identity;

/// <summary>A token is not wrong because its key is new and cannot be asked for at this moment.</summary>
public sealed class KeyRolloverTests : IDisposable
{
    private readonly AuthenticatorLab _authenticators = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly RSA _first = RSA.Create(2048);
    private readonly RSA _second = RSA.Create(2048);
    private volatile RSA _current;
    private volatile string? _name;
    private volatile bool _isAway;

    public KeyRolloverTests() => _current = _first;

    public void Dispose()
    {
        _authenticators.Dispose();
        _first.Dispose();
        _second.Dispose();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("same")]
    public async Task A_key_that_replaces_another_under_its_name_or_none_is_asked_for(string? name)
    {
        _name = name;
        await using var server = await RecordingUpstream.Start(Serve);
        var authenticator = Authenticator(server);
        Assert.Equal(VerdictKind.Proved, await Verify(authenticator));
        _current = _second;
        Assert.Equal(VerdictKind.Refused, await Verify(authenticator));
        _time.Advance(TimeSpan.FromMinutes(1));
        _isAway = true;
        Assert.Equal(VerdictKind.Unavailable, await Verify(authenticator));
        Assert.Equal(VerdictKind.Unavailable, await Verify(authenticator));
        _isAway = false;
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(VerdictKind.Proved, await Verify(authenticator));
        var asked = server.Requests.Count;
        _current = _first;
        Assert.Equal(VerdictKind.Refused, await Verify(authenticator));
        Assert.Equal(asked, server.Requests.Count);
    }

    [Fact]
    public async Task A_name_that_is_not_among_the_keys_is_refused_unless_the_issuer_cannot_be_asked()
    {
        _name = "k1";
        await using var server = await RecordingUpstream.Start(Serve);
        var authenticator = Authenticator(server);
        Assert.Equal(VerdictKind.Proved, await Verify(authenticator));
        var (good, other) = (Token(), Token("k2", _second));
        Assert.Equal(VerdictKind.Refused, await Verify(authenticator, other));
        _isAway = true;
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(VerdictKind.Unavailable, await Verify(authenticator, other));
        Assert.Equal(VerdictKind.Proved, await Verify(authenticator, good));
        _isAway = false;
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(VerdictKind.Refused, await Verify(authenticator, other));
    }

    private ITokenAuthenticator Authenticator(RecordingUpstream server) => (ITokenAuthenticator)_authenticators.Create(
        $"{{ type: oidc, issuer: \"https://idp.example\", audience: a, allowAnySubject: true, jwks: \"{server.Url}/keys\", " +
        "allowPrivate: true }", _time);

    private Task Serve(HttpContext context)
    {
        context.Response.StatusCode = _isAway ? 503 : 200;
        var key = _current.ExportParameters(false);
        var entry = new Dictionary<string, string>
        {
            ["kty"] = "RSA", ["n"] = Base64UrlEncoder.Encode(key.Modulus), ["e"] = Base64UrlEncoder.Encode(key.Exponent),
        };
        if (_name is { } name)
        {
            entry["kid"] = name;
        }

        return context.Response.WriteAsync(JsonSerializer.Serialize(new { keys = new[] { entry } }));
    }

    private string Token(string? name = null, RSA? key = null) => new JsonWebTokenHandler().CreateToken(
        JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["iss"] = "https://idp.example", ["aud"] = "a", ["sub"] = "s", ["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 3600,
        }),
        new SigningCredentials(new RsaSecurityKey(key ?? _current) { KeyId = name ?? _name }, "RS256"));

    private async Task<VerdictKind> Verify(ITokenAuthenticator authenticator, string? token = null) => (await authenticator.Verify(
        new PresentedCredential("acme", new Secret(token ?? Token())), TestContext.Current.CancellationToken)).Kind;
}
