using System.Formats.Asn1;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Ldap;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Servers;
using static RegistryProxy.Tests.Support.Servers.HostileDirectory;

namespace RegistryProxy.Tests.Identity.Directories;

/// <summary>A directory server that is hostile or broken: no login, no exception, and never more memory than a login is worth.</summary>
public sealed class HostileDirectoryTests : IDisposable
{
    private readonly AuthenticatorLab _authenticators = new();

    public static TheoryData<string, byte[]> Broken => new()
    {
        { "a code of nine octets", Result(0x61, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f) },
        { "2^31", Result(0x61, 0, 0x80, 0, 0, 0) },
        { "a code that is negative", Result(0x61, 0x80, 0, 0, 0) },
        { "minus one", Result(0x61, 0xff) },
        { "a code without octets", Result(0x61) },
        { "a code that is an integer", Value(0x61, Value(2, [0]), Value(4), Value(4)) },
        { "a code that is constructed", Value(0x61, Value(0x2a, [0]), Value(4), Value(4)) },
        { "a result without a code", Value(0x61) },
        { "a primitive result", [0x41, 1, 0] },
        { "another class", Value(0xa1, Value(10, [0])) },
        { "no operation", [] },
        { "an operation of another kind", Result(0x65, 0) },
        { "an indefinite length", [0x61, 0x80, 10, 1, 0, 4, 0, 4, 0, 0, 0] },
        { "a length beyond the message", [0x61, 0x84, 0x7f, 0xff, 0xff, 0xff] },
        { "a length of nine octets", [0x61, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1] },
        { "a length of 127 octets", [0x61, 0xff, 1] },
        { "deep nesting", [0x61, .. Enumerable.Repeat<byte[]>([0x30, 0x80], 20_000).SelectMany(level => level)] },
    };

    public void Dispose() => _authenticators.Dispose();

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task A_broken_answer_to_a_bind_is_an_outage(string what, byte[] operation)
    {
        using var directory = new HostileDirectory((id, kind) => kind == Bind ? [Message(id, operation)] : [Message(id, Result(0x65, 0))]);
        var verdict = await Verify(directory);
        Assert.True(verdict.Kind == VerdictKind.Unavailable, what);
        Assert.Contains("'it'", verdict.Message);
    }

    [Fact]
    public async Task Wrong_ids_and_garbage_are_an_outage()
    {
        byte[][] messages = [Message(99, Result(0x61, 0)), Message(0, Value(0x78, Value(10, [52]), Value(4), Value(4))),
            [0x30, 0x84, 0x7f, 0xff, 0xff, 0xff], [0x30, 0x80, 2, 1, 1], [0x31, 3, 2, 1, 1], [1, 2, 3, 4, 5, 6, 7, 8]];
        foreach (var message in messages)
        {
            using var directory = new HostileDirectory((_, _) => [message]);
            Assert.Equal(VerdictKind.Unavailable, (await Verify(directory)).Kind);
        }
    }

    [Fact]
    public async Task A_thousand_groups_are_still_read_and_each_login_has_the_whole_bound()
    {
        var searches = 0;
        using var directory = new HostileDirectory((id, operation) => operation == Bind ? [Message(id, Result(0x61, 0))]
            : searches++ % 2 == 0 ? [Message(id, Entry("uid=erin,dc=t", "uid", Text("erin"))), Message(id, Result(0x65, 0))]
            : [.. Enumerable.Range(0, 1000)
                .Select(group => Message(id, Entry($"cn=group-{group},{new string('x', 500)}", "cn", Text($"group-{group}")))), Message(
                    id, Result(0x65, 0))]);
        var authenticator = Create(directory, ", groupBaseDn: \"dc=t\"");
        for (var login = 0; login < 5; login++)
        {
            Assert.Equal(1000, (await authenticator.Verify(
                "erin", new Secret("x"), default, TestContext.Current.CancellationToken)).Identity!.Groups.Count);
        }
    }

    [Fact]
    public void Whatever_octets_come_a_message_is_read_or_refused()
    {
        byte[][] seeds =
        [
            Message(1, Result(0x61, 0)), Message(2, Entry("uid=erin,dc=t", "uid", Text("erin"), Text("e"))), Message(3, Result(0x65, 4)),
            Message(4, Value(0x73, Value(4, Text("ldap://x")))), Message(
                5, Result(0x61, 14), Value(0xa0, Value(0x30, Value(4, Text("1.2.3"))))),
        ];
        var random = new Random(5);
        var good = 0;
        for (var i = 0; i < Sizes.Of(50_000, 2_000_000); i++)
        {
            var octets = (byte[])seeds[random.Next(seeds.Length)].Clone();
            for (var change = random.Next(4); change > 0; change--)
            {
                octets[random.Next(octets.Length)] = (byte)(random.Next(3) switch { 0 => random.Next(256), 1 => 0x80, _ => 0x24 });
            }

            try
            {
                good += LdapReply.Read(octets.AsMemory(0, random.Next(4) == 0 ? random.Next(octets.Length) : octets.Length), ["uid"],
                    new LdapBudget()).Code >= 0 ? 1 : 0;
            }
            catch (AsnContentException)
            {
                // Refused.
            }
        }

        Assert.True(good > 1000, $"{good}");
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData(", userDn: \"uid={0},dc=t\"", 0)]
    public async Task One_entry_that_is_answered_as_several_is_an_outage(string more, int goodSearches)
    {
        var searches = 0;
        using var directory = new HostileDirectory((id, operation) => operation == Bind ? [Message(id, Result(0x61, 0))]
            : searches++ < goodSearches ? [Message(id, Entry("uid=erin,dc=t", "uid", Text("erin"))), Message(id, Result(0x65, 0))]
            : [Message(id, Entry("uid=erin,dc=t", "uid", Text("erin"))), Message(id, Entry("uid=eve,dc=t", "uid", Text("eve"))),
                Message(id, Result(0x65, 0))]);
        var authenticator = Create(directory, more);
        var verdict = await authenticator.Verify("erin", new Secret("x"), default, TestContext.Current.CancellationToken);
        Assert.Equal(goodSearches > 0 ? VerdictKind.Proved : VerdictKind.Unavailable, verdict.Kind);
        var known = new VerifiedIdentity("it", "erin", [], new Dictionary<string, string> { ["dn"] = "uid=erin,dc=t" }, "");
        Assert.Equal(VerdictKind.Unavailable, (await authenticator.Recheck(known, TestContext.Current.CancellationToken)).Kind);
        Assert.Equal(VerdictKind.Unavailable,
            (await authenticator.Recheck(
                known with { Claims = new Dictionary<string, string>() }, TestContext.Current.CancellationToken)).Kind);
    }

    private async Task<Verdict> Verify(HostileDirectory directory)
    {
        return await Create(directory, "").Verify("erin", new Secret("x"), default, TestContext.Current.CancellationToken);
    }

    private IPasswordAuthenticator Create(HostileDirectory directory, string more) => (IPasswordAuthenticator)_authenticators.Create(
        $"{{ type: ldap, url: \"ldap://127.0.0.1:{directory.Port}\", allowPlaintext: true, bindDn: \"cn=reader\", bindPassword: {{ " +
        $"value: x }}, baseDn: \"dc=t\"{more} }}");
}
