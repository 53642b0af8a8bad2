using System.Text;
using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Gateway;

public sealed class AccessTokenVerifierTests : IDisposable
{
    private readonly AccessTokenForge _forge = new();

    [Fact]
    public void A_good_token_says_who_and_what()
    {
        var token = Verify(_forge.Sign(AccessTokenForge.GoodHeader, AccessTokenForge.GoodPayload()));
        Assert.NotNull(token);
        Assert.Equal(("acme", "alice", "docker.acme.example"), (token.Tenant, token.Subject, token.Service));
        Assert.Equal(new SessionReference("acme/staff/alice", "s1", 3), token.Session);
        Assert.Equal(RepositoryActions.Pull, token.ActionsOn(RepositoryName.Parse("team/app")));
        Assert.Equal(RepositoryActions.None, token.ActionsOn(RepositoryName.Parse("team/other")));
    }

    [Fact]
    public void An_empty_subject_is_anonymous() =>
        Assert.True(Verify(_forge.Sign(AccessTokenForge.GoodHeader, AccessTokenForge.GoodPayload(subject: "")))!.IsAnonymous);

    [Theory]
    [InlineData("""{"alg":"none","typ":"registry+jwt","kid":"k1"}""")]
    [InlineData("""{"alg":"None","typ":"registry+jwt","kid":"k1"}""")]
    [InlineData("""{"alg":"HS256","typ":"registry+jwt","kid":"k1"}""")]
    [InlineData("""{"alg":["ES256"],"typ":"registry+jwt","kid":"k1"}""")]
    [InlineData("""{"typ":"registry+jwt","kid":"k1"}""")]
    [InlineData("""{"alg":"ES256","kid":"k1"}""")]
    [InlineData("""{"alg":"ES256","typ":"JWT","kid":"k1"}""")]
    [InlineData("""{"alg":"ES256","typ":"registry+jwt"}""")]
    [InlineData("""{"alg":"ES256","typ":"registry+jwt","kid":"../../dev/null"}""")]
    [InlineData("""{"alg":"ES256","typ":"registry+jwt","kid":""}""")]
    [InlineData("""{"alg":"ES256","typ":"registry+jwt","kid":"k1","jku":"http://evil.example/"}""")]
    [InlineData("""{"alg":"ES256","typ":"registry+jwt","kid":"k1","jwk":{}}""")]
    [InlineData("""{"alg":"ES256","typ":"registry+jwt","kid":"k1","crit":["exp"]}""")]
    [InlineData("""{"alg":"ES256","alg":"ES256","typ":"registry+jwt","kid":"k1"}""")]
    [InlineData("""{"alg":"ES256","typ":"registry+jwt","kid":"k2"}""")]
    [InlineData("[]")]
    [InlineData("")]
    public void A_header_that_is_not_exactly_ours_is_refused(string header) =>
        Assert.Null(Verify(_forge.Sign(header, AccessTokenForge.GoodPayload())));

    [Theory]
    [InlineData("\"exp\":1900", "\"exp\":\"1900\"")]
    [InlineData("\"exp\":1900", "\"exp\":1900.5")]
    [InlineData("\"exp\":1900", "\"exp\":-1")]
    [InlineData("\"exp\":1900", "\"exp\":1e400")]
    [InlineData("\"exp\":1900", "\"exp\":9223372036854775807")]
    [InlineData("\"exp\":1900", "\"exp\":1901")]
    [InlineData("\"exp\":1900", "\"exp\":1000")]
    [InlineData("\"exp\":1900,", "")]
    [InlineData("\"sub\":\"alice\"", "\"sub\":null")]
    [InlineData("\"sub\":\"alice\"", "\"sub\":\"alice\",\"sub\":\"root\"")]
    [InlineData("registryproxy:acme", "https://accounts.example")]
    [InlineData("\"sid\":\"s1\",", "")]
    [InlineData("\"gen\":3", "\"gen\":\"3\"")]
    [InlineData("\"aud\":\"docker.acme.example\"", "\"aud\":[\"docker.acme.example\"]")]
    public void A_claim_of_another_form_is_refused(string from, string to) =>
        Assert.Null(Verify(_forge.Sign(AccessTokenForge.GoodHeader, AccessTokenForge.GoodPayload().Replace(from, to))));

    [Fact]
    public void A_token_of_another_key_is_refused()
    {
        using var other = new AccessTokenForge();
        Assert.Null(Verify(other.Sign(AccessTokenForge.GoodHeader, AccessTokenForge.GoodPayload())));
    }

    [Fact]
    public void No_single_changed_character_is_accepted()
    {
        var good = _forge.Sign(AccessTokenForge.GoodHeader, AccessTokenForge.GoodPayload());
        for (var i = 0; i < good.Length; i++)
        {
            var changed = new StringBuilder(good) { [i] = good[i] == 'A' ? 'B' : 'A' }.ToString();
            Assert.Null(Verify(changed));
        }

        foreach (var odd in new[] { good + "=", good + ".", "." + good, good[..^1], good + "A", good.Replace('.', ','), " " + good, "" })
        {
            Assert.Null(Verify(odd));
        }
    }

    [Fact]
    public void Random_text_never_throws()
    {
        var random = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = new byte[random.Next(0, 120)];
            random.NextBytes(bytes);
            Assert.Null(Verify(Encoding.Latin1.GetString(bytes)));
            Assert.Null(Verify(
                $"{AccessTokenForge.Encode(AccessTokenForge.GoodHeader)}.{Convert.ToBase64String(bytes)}.{new string('A', 86)}"));
        }
    }

    public void Dispose() => _forge.Dispose();

    private AccessToken? Verify(string token) =>
        new AccessTokenVerifier([_forge.PublicKey], TimeSpan.FromMinutes(15)).Verify(token);
}
