using RegistryProxy.Grains.Identity;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Servers;
using static RegistryProxy.Tests.Support.Servers.HostileDirectory;

namespace RegistryProxy.Tests.Identity.Directories;

/// <summary>What a directory says of a password, and what says nothing of it (RFC 4511 §4.1.9).</summary>
public sealed class LdapResultTests : IDisposable
{
    private readonly AuthenticatorLab _authenticators = new();

    public void Dispose() => _authenticators.Dispose();

    [Theory]
    [InlineData(0, nameof(VerdictKind.Proved), false)]
    [InlineData(49, nameof(VerdictKind.Refused), false)]
    [InlineData(19, nameof(VerdictKind.Refused), false)]
    [InlineData(32, nameof(VerdictKind.Refused), false)]
    [InlineData(34, nameof(VerdictKind.Refused), false)]
    [InlineData(48, nameof(VerdictKind.Refused), false)]
    [InlineData(50, nameof(VerdictKind.Refused), false)]
    [InlineData(53, nameof(VerdictKind.Refused), false)]
    [InlineData(51, nameof(VerdictKind.Unavailable), false)]
    [InlineData(52, nameof(VerdictKind.Unavailable), false)]
    [InlineData(8, nameof(VerdictKind.Unavailable), false)]
    [InlineData(13, nameof(VerdictKind.Unavailable), false)]
    [InlineData(1, nameof(VerdictKind.Unavailable), true)]
    [InlineData(3, nameof(VerdictKind.Unavailable), true)]
    [InlineData(10, nameof(VerdictKind.Unavailable), true)]
    [InlineData(11, nameof(VerdictKind.Unavailable), true)]
    [InlineData(80, nameof(VerdictKind.Unavailable), true)]
    public async Task A_bind_of_a_user_is_refused_only_where_the_result_says_so(int code, string kind, bool mayBeCounted)
    {
        var binds = 0;
        using var directory = new HostileDirectory((id, operation) => operation switch
        {
            Bind => [Message(id, Result(0x61, Interlocked.Increment(ref binds) == 2 ? (byte)code : (byte)0))],
            _ => [Message(id, Entry("uid=alice,dc=t", "uid", Text("alice"))), Message(id, Result(0x65, 0))],
        });
        var verdict = await Verify(directory);
        Assert.Equal((kind, mayBeCounted), (verdict.Kind.ToString(), verdict.MayBeCounted));
        Assert.Equal(kind == nameof(VerdictKind.Proved) ? 3 : 2, binds);
    }

    [Theory]
    [InlineData(49, "is refused with result code 49: check bindDn and bindPassword")]
    [InlineData(51, "is answered with result code 51")]
    public async Task A_reader_is_told_to_look_at_its_password_where_that_is_wrong(int code, string saying)
    {
        using var directory = new HostileDirectory((id, _) => [Message(id, Result(0x61, (byte)code))]);
        var authenticator = (ITriable)Authenticator(directory);
        var trial = await authenticator.Try(TestContext.Current.CancellationToken);
        Assert.EndsWith(saying, trial.Text);
    }

    private IAuthenticator Authenticator(HostileDirectory directory) => _authenticators.Create(
        $"{{ type: ldap, url: \"ldap://127.0.0.1:{directory.Port}\", allowPlaintext: true, bindDn: \"cn=reader\", bindPassword: {{ " +
        "value: x }, baseDn: \"dc=t\" }");

    private async Task<Verdict> Verify(HostileDirectory directory) => await ((IPasswordAuthenticator)Authenticator(directory)).Verify(
        "alice", new Secret("right"), new PasswordSource("acme", default, true), TestContext.Current.CancellationToken);
}
