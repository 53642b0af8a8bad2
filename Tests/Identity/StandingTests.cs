using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Ldap;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Identity;

/// <summary>However often somebody shows a refresh token, the directory is searched once in some seconds.</summary>
public sealed class StandingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly PasswordWork _work = new();
    private readonly HostileDirectory _directory;
    private readonly AuthenticatorDirectory _authenticators;
    private readonly TenantConfiguration _tenant;
    private volatile bool _isSilent;
    private int _searches;

    public StandingTests()
    {
        _directory = new HostileDirectory((id, operation) => operation == HostileDirectory.Bind
            ? [HostileDirectory.Message(id, HostileDirectory.Result(0x61, 0))]
            : Found(id));
        var snapshot = ConfigurationFile.Read(_folder.Write("config.yaml", $$"""
            upstreams: { up: { url: "https://registry.example" } }
            authenticators:
              corp:
                { type: ldap, url: "ldap://127.0.0.1:{{_directory.Port}}", allowPlaintext: true, bindDn: "cn=reader", bindPassword: { value: x }, baseDn: "dc=example" }
            tenants: { acme: { hosts: ["*"], authenticators: [corp], routes: [{ prefix: "", upstream: up }] } }
            """)).Snapshot!;
        _tenant = snapshot.Configuration.Tenants["acme"];
        _authenticators = new AuthenticatorDirectory(
            new FixedConfiguration(snapshot), new AuthenticatorFactory(
                _work, null!, null!, null!, _time, NullLoggerFactory.Instance), _time,
            NullLogger<AuthenticatorDirectory>.Instance);
    }

    public void Dispose()
    {
        _authenticators.Dispose();
        _directory.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_fault_is_no_answer_and_lets_nobody_in()
    {
        var standing = new IdentityStanding(_authenticators, _time);
        var withoutName = new VerifiedIdentity("corp", "alice", [], new Dictionary<string, string>(), "");
        Assert.Equal(VerdictKind.Unavailable, (await standing.Now(_tenant, withoutName, fresh: false)).Kind);
        standing.Proved(_tenant, withoutName);
        Assert.Equal(VerdictKind.Proved, (await standing.Now(_tenant, withoutName, fresh: false)).Kind);
        _time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(VerdictKind.Unavailable, (await standing.Now(_tenant, withoutName, fresh: false)).Kind);
    }

    [Fact]
    public async Task A_fresh_answer_serves_all_who_want_one_within_two_seconds()
    {
        var standing = new IdentityStanding(_authenticators, _time);
        var known = new VerifiedIdentity("corp", "alice", [], new Dictionary<string, string> { ["dn"] = "cn=alice,dc=example" }, "");
        for (var round = 1; round <= 3; round++)
        {
            for (var i = 0; i < 200; i++)
            {
                Assert.NotNull((await standing.Now(_tenant, known, fresh: true)).Identity);
            }

            Assert.Equal(round, _searches);
            _time.Advance(IdentityStanding.Fresh);
        }
    }

    [Fact]
    public async Task A_slow_directory_is_waited_for_briefly_and_when_its_last_answer_is_old_nothing_can_be_said()
    {
        var standing = new IdentityStanding(_authenticators, _time);
        var known = new VerifiedIdentity("corp", "alice", [], new Dictionary<string, string> { ["dn"] = "cn=alice,dc=example" }, "");
        Assert.NotNull((await standing.Now(_tenant, known, fresh: false)).Identity);
        _isSilent = true;
        _time.Advance(TimeSpan.FromSeconds(61));
        var first = standing.Now(_tenant, known, fresh: false).AsTask();
        Assert.False(first.IsCompleted);
        _time.Advance(IdentityStanding.Wait);
        Assert.Equal(VerdictKind.Proved, (await first).Kind);
        Assert.True(standing.IsAsking);
        Assert.Equal(VerdictKind.Proved, (await standing.Now(_tenant, known, fresh: false)).Kind);
        await EndOfQuestion(standing);

        _time.Advance(TimeSpan.FromMinutes(6));
        var late = standing.Now(_tenant, known, fresh: false).AsTask();
        _time.Advance(IdentityStanding.Wait);
        Assert.False(late.IsCompleted);
        _time.Advance(IdentityStanding.LongWait);
        Assert.Equal(VerdictKind.Unavailable, (await late).Kind);
        await EndOfQuestion(standing);
        Assert.Equal(VerdictKind.Unavailable, (await standing.Now(_tenant, known, fresh: false)).Kind);

        _isSilent = false;
        _time.Advance(IdentityStanding.Fresh);
        Assert.Equal(VerdictKind.Proved, (await standing.Now(_tenant, known, fresh: false)).Kind);
    }

    private async Task EndOfQuestion(IdentityStanding standing)
    {
        _time.Advance(LdapPool.Timeout);
        await Eventually.True(() => !standing.IsAsking, "the directory is not waited for any more");
    }

    private IEnumerable<byte[]> Found(int id)
    {
        if (_isSilent)
        {
            return [];
        }

        Interlocked.Increment(ref _searches);
        return [HostileDirectory.Message(id, HostileDirectory.Entry("cn=alice,dc=example", "uid", "alice"u8.ToArray())),
            HostileDirectory.Message(id, HostileDirectory.Result(0x65, 0))];
    }
}
