using System.Text;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Tokens;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Gateway;

/// <summary>What a gateway remembers of logins by Basic, and what a guesser has of it.</summary>
public sealed class RememberedLoginsTests
{
    private static readonly CallerAddress Here = CallerAddress.Of("192.0.2.1");

    private readonly FakeTimeProvider _time = new();
    private readonly RememberedLogins _logins;

    public RememberedLoginsTests() => _logins = new RememberedLogins(_time);

    [Fact]
    public void A_login_is_remembered_for_its_tenant_user_password_and_address_until_its_token_ends()
    {
        _logins.Remember(Proof("alice:right"), Token());
        Assert.NotNull(_logins.Find(Proof("alice:right")));
        Assert.NotNull(_logins.Find(BasicCredentialHash.Read("acme", $"basic  {Encode("alice:right")} ", Here)!.Value));
        Assert.Null(_logins.Find(Proof("alice:wrong")));
        Assert.Null(_logins.Find(Proof("alic:e:right")));
        Assert.Null(_logins.Find(BasicCredentialHash.Read("other", $"Basic {Encode("alice:right")}", Here)!.Value));
        Assert.Null(_logins.Find(BasicCredentialHash.Read("acme", $"Basic {Encode("alice:right")}", CallerAddress.Of("192.0.2.2"))!.Value));
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Null(_logins.Find(Proof("alice:right")));
    }

    [Fact]
    public void Who_guesses_at_the_address_of_a_user_has_ten_tries_and_then_one_in_six_seconds()
    {
        _logins.Remember(Proof("alice:right"), Token());
        _logins.Remember(Proof("bob:right"), Token());
        for (var i = 0; i < 10; i++)
        {
            Assert.NotNull(_logins.Find(Proof("alice:right")));
            Assert.Null(_logins.Find(Proof($"alice:wrong-{i}")));
        }

        Assert.Null(_logins.Find(Proof("alice:right")));
        Assert.NotNull(_logins.Find(Proof("bob:right")));

        // Another login that succeeds does not give the tries back.
        _logins.Remember(Proof("alice:right"), Token());
        Assert.Null(_logins.Find(Proof("alice:right")));
        _time.Advance(TimeSpan.FromSeconds(7));
        Assert.NotNull(_logins.Find(Proof("alice:right")));
        Assert.Null(_logins.Find(Proof("alice:wrong")));
        Assert.Null(_logins.Find(Proof("alice:right")));
    }

    [Fact]
    public void A_user_has_four_passwords_and_tokens_and_no_more()
    {
        for (var i = 0; i < 6; i++)
        {
            _logins.Remember(Proof($"alice:token-{i}"), Token());
        }

        Assert.Equal([2, 3, 4, 5], Enumerable.Range(0, 6).Where(i => _logins.Find(Proof($"alice:token-{i}")) is not null));
    }

    [Theory]
    [InlineData("_session:token-")]
    [InlineData("<token>:token-")]
    [InlineData(":token-")]
    public void Refresh_tokens_under_a_name_that_is_nobodys_do_not_share_its_places_and_tries(string prefix)
    {
        for (var i = 0; i < 30; i++)
        {
            Assert.Null(_logins.Find(Proof($"{prefix}{i}")));
            _logins.Remember(Proof($"{prefix}{i}"), Token());
        }

        Assert.Equal(30, Enumerable.Range(0, 30).Count(i => _logins.Find(Proof($"{prefix}{i}")) is not null));
    }

    [Theory]
    [InlineData("Basic ")]
    [InlineData("Basic !")]
    [InlineData("Basic YWxpY2U=")]
    public void What_is_no_pair_has_no_proof(string header) => Assert.Null(BasicCredentialHash.Read("acme", header, Here));

    [Fact]
    public void A_pair_that_is_too_long_has_no_proof() =>
        Assert.Null(BasicCredentialHash.Read("acme", $"Basic {Encode($"alice:{new string('x', 12 * 1024)}")}", Here));

    private static BasicCredentialHash Proof(string pair) => BasicCredentialHash.Read("acme", $"Basic {Encode(pair)}", Here)!.Value;

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private AccessToken Token() => new()
    {
        Tenant = "acme", Service = "s", Subject = "alice", Session = new SessionReference("acme/staff/alice", "1", 0), Access = [],
        IssuedAt = _time.GetUtcNow(), NotBefore = _time.GetUtcNow(), Expires = _time.GetUtcNow() + TimeSpan.FromMinutes(5),
    };
}
