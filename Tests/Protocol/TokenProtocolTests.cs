using System.Text.Json;
using CsCheck;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Protocol;

public sealed class TokenProtocolTests
{
    [Theory]
    [InlineData("repository:a/b:pull", "repository:a/b:pull")]
    [InlineData("repository:a/b:push,pull,pull", "repository:a/b:pull,push")]
    [InlineData("repository:a/b:*", "repository:a/b:pull,push,delete")]
    [InlineData("repository(plugin):a/b:pull,fly", "repository:a/b:pull")]
    [InlineData("registry:catalog:*", "registry:catalog:*")]
    [InlineData("repository:host:5000/a:pull", null)]
    [InlineData("repository:a/b:", null)]
    [InlineData("repository:a/b", null)]
    [InlineData("repository:A:pull", null)]
    [InlineData("registry:catalog:pull", null)]
    [InlineData("other:a:pull", null)]
    [InlineData("", null)]
    public void Scopes_are_read_and_what_is_unknown_is_dropped(string text, string? expected) =>
        Assert.Equal(expected, Scope.TryParse(text, out var scope) ? scope.ToString() : null);

    [Fact]
    public void Scopes_of_one_repository_are_merged_and_of_too_many_both_ends_count()
    {
        var scopes = Scope.ParseAll(["repository:a:pull repository:b:push  bad:", "repository:a:push"]);
        Assert.Equal(["repository:a:pull,push", "repository:b:push"], scopes.Select(scope => scope.ToString()));
        var many = Enumerable.Range(0, 150).Select(number => $"repository:r{number}:pull").ToList();
        var ends = many.Take(Scope.MaxCount / 2).Concat(many.TakeLast(Scope.MaxCount / 2)).ToList();
        Assert.Equal(ends, Scope.ParseAll([string.Join(' ', many), "repository:r0:pull"]).Select(scope => scope.ToString()));
        Assert.Equal(ends, Scope.ParseAll(many).Select(scope => scope.ToString()));
        var longs = Enumerable.Range(100, 45).Select(number => $"repository:{new string('a', 127)}{number}:pull").ToList();
        Assert.Equal(longs.Take(20).Concat(longs.TakeLast(20)), Scope.ParseAll(longs).Select(scope => scope.ToString()));
        Assert.Equal(longs.Take(40), Scope.ParseAll(longs.Take(40)).Select(scope => scope.ToString()));
    }

    [Fact]
    public void Challenges_are_written_and_read_again()
    {
        var text = Challenge.Bearer("https://a.example/token", "a \"quoted\\ service", "repository:a:pull,push", "invalid_token");
        var challenge = Assert.Single(Challenge.ParseAll(text));
        Assert.True(challenge.IsBearer);
        Assert.Equal("https://a.example/token", challenge.Realm);
        Assert.Equal("a \"quoted\\ service", challenge.Service);
        Assert.Equal("repository:a:pull,push", challenge["scope"]);
        Assert.Equal("invalid_token", challenge["error"]);
    }

    [Fact]
    public void Several_challenges_of_one_header_are_told_apart()
    {
        var challenges = Challenge.ParseAll("Basic realm=\"x, y\", bearer realm=\"https://a/\" , service=b,Negotiate");
        Assert.Equal(["Basic", "bearer", "Negotiate"], challenges.Select(challenge => challenge.Scheme));
        Assert.Equal(("x, y", "https://a/", "b"), (challenges[0].Realm, challenges[1].Realm, challenges[1].Service));
    }

    [Theory]
    [InlineData("Bearer realm=\"https://a/t\",service=\"s\",realm=\"https://b/t\"")]
    [InlineData("Negotiate abc/def==, Bearer realm=\"https://a/t\",service=s")]
    [InlineData("NTLM TlRMTVNTUAAC,Bearer realm = \"https://a/t\" , service = \"s\"")]
    [InlineData("Bearer realm=\"https://a/t\",service=\"s\", Digest \"")]
    [InlineData(", ,Basic realm=\"x\", bearer Realm=https://a/t,SERVICE=s,")]
    public void A_challenge_is_read_whatever_stands_beside_it(string text)
    {
        var bearer = Assert.Single(Challenge.ParseAll(text), challenge => challenge.IsBearer);
        Assert.Equal(("https://a/t", "s"), (bearer.Realm, bearer.Service));
    }

    [Fact]
    public void A_value_without_quotes_goes_to_the_next_comma() =>
        Assert.Equal("https://a/t?x=1&y=(2)", Challenge.ParseAll("Bearer realm=https://a/t?x=1&y=(2), service=\"s\"").Single().Realm);

    [Theory]
    [InlineData("Bearer realm=\"unterminated")]
    [InlineData("\"")]
    [InlineData("Bearer realm=\"a\\")]
    public void Malformed_challenges_are_no_challenges(string text) => Assert.Empty(Challenge.ParseAll(text));

    [Fact]
    public void A_header_over_eight_kibibytes_is_not_read() =>
        Assert.Empty(Challenge.ParseAll($"Bearer realm=\"{new string('a', 8192)}\""));

    [Fact]
    public void No_header_throws() =>
        Gen.OneOfConst("Bearer", "Basic", " ", ",", "=", "\"", "\\", "realm", "a", "é", "\0", "\r\n").Array[0, 20].Select(string.Concat)
            .Sample(text => { Challenge.ParseAll(text); }, iter: 50_000);

    [Fact]
    public void A_secret_shows_itself_to_nobody()
    {
        var secret = new Secret("canary");
        Assert.Equal("***", $"{secret}");
        Assert.DoesNotContain("canary", JsonSerializer.Serialize(secret));
        Assert.DoesNotContain("canary", JsonSerializer.Serialize(new { Password = secret }));
        Assert.Equal(secret, new Secret("canary"));
        Assert.NotEqual(secret, new Secret("other"));
    }
}
