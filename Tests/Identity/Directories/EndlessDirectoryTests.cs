using RegistryProxy.Grains.Identity;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Servers;
using static RegistryProxy.Tests.Support.Servers.HostileDirectory;

namespace RegistryProxy.Tests.Identity.Directories;

/// <summary>A directory whose answer never ends costs a login's worth of memory. Alone: what is measured is the process.</summary>
[Collection(AloneCollection.Name)]
public sealed class EndlessDirectoryTests
{
    [Fact]
    public async Task A_search_without_end_is_ended_by_its_bytes_entries_references_or_values()
    {
        using var authenticators = new AuthenticatorLab();
        byte[] large = new byte[60_000];
        var kinds = new Func<int, byte[]>[]
        {
            id => Message(id, Entry("uid=x", "uid", large, large, large)),
            id => Message(id, Entry("uid=x", "unasked", large)),
            id => Message(id, Entry("uid=x", "uid", [.. Enumerable.Repeat<byte[]>([0x61], 1000)])),
            id => Message(id, Value(0x64, Value(4), Value(0x30))),
            id => Message(id, Value(0x73, Value(4, Text("ldap://127.0.0.1:1/")))),
        };
        foreach (var kind in kinds)
        {
            using var directory = new HostileDirectory(
                (id, operation) => operation == Bind ? [Message(id, Result(0x61, 0))] : Forever(kind(id)));
            var authenticator = (IPasswordAuthenticator)authenticators.Create(
                $"{{ type: ldap, url: \"ldap://127.0.0.1:{directory.Port}\", allowPlaintext: true, bindDn: \"cn=reader\", " +
                "bindPassword: { value: x }, baseDn: \"dc=t\" }");
            var before = GC.GetTotalAllocatedBytes();
            var verdict = await authenticator.Verify("erin", new Secret("x"), default, TestContext.Current.CancellationToken);
            Assert.Equal((VerdictKind.Unavailable, "the directory of 'it' sends more than is read for one login"),
                (verdict.Kind, verdict.Message));
            Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 64_000_000);

            // What the sockets hold is sent, too.
            Assert.InRange(directory.Sent, 0, 16_000_000);
        }

        static IEnumerable<byte[]> Forever(byte[] message)
        {
            while (true)
            {
                yield return message;
            }
        }
    }
}
