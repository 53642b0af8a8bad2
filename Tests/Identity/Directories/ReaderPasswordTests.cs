using RegistryProxy.Grains.Identity;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Identity.Directories;

/// <summary>The file with the password of the reader is broken for a while: people log in all the same.</summary>
public sealed class ReaderPasswordTests : IDisposable
{
    private readonly AuthenticatorLab _authenticators = new();

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public async Task The_reader_searches_with_the_password_that_was_read_last(string? damage)
    {
        using var directory = new HostileDirectory((id, operation) =>
            [HostileDirectory.Message(id, HostileDirectory.Result(operation == HostileDirectory.Bind ? (byte)0x61 : (byte)0x65, 0))]);
        var file = _authenticators.Write("password", "canary");
        var authenticator = (IPasswordAuthenticator)_authenticators.Create(
            $"{{ type: ldap, url: \"ldap://127.0.0.1:{directory.Port}\", allowPlaintext: true, bindDn: \"cn=reader\", " +
            $"bindPassword: {{ file: password }}, baseDn: \"dc=t\" }}", keepsSecrets: true);
        Assert.Equal(VerdictKind.Unknown, (await Find(authenticator)).Kind);
        if (damage is null)
        {
            File.Delete(file);
        }
        else
        {
            _authenticators.Write("password", damage);
        }

        Assert.Equal(VerdictKind.Unknown, (await Find(authenticator)).Kind);
    }

    public void Dispose() => _authenticators.Dispose();

    private static async Task<Verdict> Find(IPasswordAuthenticator authenticator) => await authenticator.Find(
        "alice", new PasswordSource("acme", default, true), TestContext.Current.CancellationToken);
}
