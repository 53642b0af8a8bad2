using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Gateway;

/// <summary>
/// The reason phrase of a refusal: who may not do what where, in at most 200 visible ASCII characters, whatever an identity is called.
/// </summary>
public sealed class ReasonPhraseTests
{
    [Theory]
    [InlineData("alice", "alice")]
    [InlineData("a\r\nSet-Cookie: x", "a??Set-Cookie: x")]
    [InlineData("a\n", "a?")]
    [InlineData("\u0000\t\u001b[31m\u007f", "???[31m?")]
    [InlineData("j\u00fcrgen@\u65e5\u672c", "j?rgen@??")]
    [InlineData("\ud83d\ude00", "??")]
    [InlineData("a\u2028b\u0085c", "a?b?c")]
    public async Task A_subject_is_shown_in_visible_ascii(string subject, string shown) =>
        Assert.Equal($"Forbidden: {shown} may not push team/app", await Phrase(subject, "team/app"));

    [Theory]
    [InlineData(256, 8)]
    [InlineData(1000, 255)]
    [InlineData(5, 255)]
    [InlineData(64, 100)]
    public async Task It_is_short_and_names_all_three(int subject, int repository)
    {
        var (who, where) = ($"s{new string('u', subject - 2)}e", $"r{new string('o', repository - 2)}y");
        var phrase = (await Phrase(who, where))!;
        Assert.InRange(phrase.Length, 20, 200);
        Assert.Matches("^Forbidden: su+(\\.\\.\\.u+)?e may not push ro+(\\.\\.\\.o+)?y$", phrase);
    }

    [Fact]
    public async Task The_listing_and_who_is_not_logged_in_have_theirs()
    {
        Assert.Equal("Forbidden: alice may not list repositories", await Phrase(CallerOf("alice").RequireCatalog()!.Error));
        var nobody = new Caller(AccessToken.OfNobody("acme", "s", Scope.Catalog), []);
        Assert.Equal("Unauthorized: pull on team/app is not allowed without a login", await Phrase(nobody.Require(
            RepositoryName.Parse("team/app"), RepositoryActions.Pull, RepositoryActions.Pull, RepositoryActions.Pull)!.Error));
    }

    [Fact]
    public async Task It_names_no_rule_and_no_group() =>
        Assert.DoesNotContain("hidden", await Phrase("alice", "team/app"), StringComparison.Ordinal);

    [Theory]
    [InlineData("HTTP/2")]
    [InlineData("HTTP/3")]
    [InlineData("HTTP/1.0")]
    public async Task Other_versions_have_none(string protocol) =>
        Assert.Null(await Phrase(Refused("alice", "team/app"), protocol));

    private static Task<string?> Phrase(string subject, string repository) => Phrase(Refused(subject, repository));

    private static DistributionError Refused(string subject, string repository) => CallerOf(subject).Require(
        RepositoryName.Parse(repository), RepositoryActions.Push, RepositoryActions.Push, RepositoryActions.Push)!.Error;

    /// <summary>Rules of hidden names let it pull.</summary>
    private static Caller CallerOf(string subject) => new(
        new AccessToken
        {
            Tenant = "acme", Service = "s", Subject = subject, Session = new SessionReference("acme/staff/x", "s1", 1), Access = [],
            IssuedAt = default, NotBefore = default, Expires = default,
        },
        [new GrantedRule("hidden", [RepositoryPattern.Parse("**")], RepositoryActions.Pull)]);

    private static async Task<string?> Phrase(DistributionError error, string protocol = "HTTP/1.1")
    {
        var context = new DefaultHttpContext { Request = { Protocol = protocol, Method = "HEAD" } };
        await DistributionErrorWriter.Write(context, error);
        return context.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase;
    }
}
