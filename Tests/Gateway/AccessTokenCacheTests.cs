using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Authentication;

namespace RegistryProxy.Tests.Gateway;

/// <summary>A token stays what it is when a gateway has to verify it again.</summary>
public sealed class AccessTokenCacheTests : IDisposable
{
    /// <summary>Scopes, so that few tokens fill the cache.</summary>
    private static readonly string Large = string.Concat(
        Enumerable.Range(0, 19).Select(i => $$"""{"type":"repository","name":"{{i}}/{{new string('x', 250)}}","actions":["pull"]},"""));

    private readonly FakeTimeProvider _time = new();
    private readonly AccessTokenForge _forge = new();
    private readonly Dictionary<string, string> _texts = [];
    private readonly AccessTokenCache _cache;
    private readonly AccessTokenVerifier _verifier;

    public AccessTokenCacheTests() =>
        (_cache, _verifier) = (new AccessTokenCache(_time), new AccessTokenVerifier([_forge.PublicKey], TimeSpan.FromMinutes(15)));

    public void Dispose() => _forge.Dispose();

    [Fact]
    public void What_runs_by_a_token_is_known_after_all_tokens_were_forgotten()
    {
        var token = Get("alice");
        token.Use.Begin();
        for (var i = 0; i < 3; i++)
        {
            _cache.Clear();
            Assert.NotSame(token, Get("alice"));
            Assert.True(Get("alice").Use.IsOn(_time));
        }

        Assert.False(Get("bob").Use.IsOn(_time));
        token.Use.End(_time.GetTimestamp());
        _cache.Clear();
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.True(Get("alice").Use.IsOn(_time));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(Get("alice").Use.IsOn(_time));
        _cache.Clear();
        Assert.False(Get("alice").Use.IsOn(_time));
    }

    [Fact]
    public void What_runs_by_a_token_is_known_after_tokens_of_others_pushed_it_out()
    {
        var text = Text("alice");
        var token = _cache.Verify(text, _verifier)!;
        token.Use.Begin();
        for (var other = 0; other < 3000; other++)
        {
            var payload = AccessTokenForge.GoodPayload($"{other}")
                .Replace("\"access\":[", $"\"access\":[{Large}", StringComparison.Ordinal);
            Assert.NotNull(_cache.Verify(_forge.Sign(AccessTokenForge.GoodHeader, payload), _verifier));
        }

        Assert.NotSame(token, _cache.Verify(text, _verifier));
        Assert.True(_cache.Verify(text, _verifier)!.Use.IsOn(_time));
    }

    private AccessToken Get(string subject) =>
        _cache.Verify(_texts.TryGetValue(subject, out var text) ? text : _texts[subject] = Text(subject), _verifier)!;

    private string Text(string subject) => _forge.Sign(AccessTokenForge.GoodHeader, AccessTokenForge.GoodPayload(subject));
}
