using System.Reflection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Access;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Explaining;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Robots;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Identity;

/// <summary>Robots whose grain cannot say: nobody goes on by what was so before, and nobody waits for long.</summary>
public sealed class RobotStandingTests : IDisposable
{
    private static readonly TenantConfiguration Acme = new() { Name = "acme", Hosts = ["*"] };

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly PasswordWork _work = new();
    private readonly AuthenticatorDirectory _authenticators;
    private readonly GrantedRule _rule = new("robot:ci", [RepositoryPattern.Parse("apps/**")], RepositoryActions.Pull);
    private Func<Task<FoundRobot?>> _answer;

    public RobotStandingTests()
    {
        _answer = Good;
        var robots = DispatchProxy.Create<IRobotDirectoryGrain, ScriptedSessions.Proxy>();
        ((ScriptedSessions.Proxy)(object)robots).Answer = (_, _) => new ValueTask<FoundRobot?>(_answer());
        var grains = DispatchProxy.Create<IGrainFactory, ScriptedSessions.Proxy>();
        ((ScriptedSessions.Proxy)(object)grains).Answer = (_, _) => robots;
        _authenticators = new AuthenticatorDirectory(
            new FixedConfiguration(new ConfigurationSnapshot(new FrontDoorConfiguration(), "")),
            new AuthenticatorFactory(_work, null!, grains, null!, _time, NullLoggerFactory.Instance), _time,
            NullLogger<AuthenticatorDirectory>.Instance);
    }

    private VerifiedIdentity Ci => new("robot", "robot$ci", [], new Dictionary<string, string>(), "s1", _time.GetUtcNow().AddDays(1),
        new RobotGrant("acme", _rule, ["s1"]));

    public void Dispose() => _authenticators.Dispose();

    [Fact]
    public async Task When_nobody_can_say_whether_a_secret_has_ended_it_is_not_taken_for_good()
    {
        var (standing, ci) = (new IdentityStanding(_authenticators, _time), Ci);
        Assert.Equal(VerdictKind.Proved, (await standing.Now(Acme, ci, fresh: false)).Kind);
        _answer = () => Task.FromException<FoundRobot?>(new TimeoutException());
        Assert.Equal(VerdictKind.Unavailable, (await standing.Now(Acme, ci, fresh: false)).Kind);
        _answer = Good;
        Assert.Equal(VerdictKind.Proved, (await standing.Now(Acme, ci, fresh: false)).Kind);

        var late = new TaskCompletionSource<FoundRobot?>();
        _answer = () => late.Task;
        var asked = standing.Now(Acme, ci, fresh: false).AsTask();
        _time.Advance(IdentityStanding.LongWait);
        Assert.Equal(VerdictKind.Unavailable, (await asked).Kind);
        late.SetResult(null);
    }

    [Fact]
    public void A_decision_about_a_robot_is_not_used_beyond_its_end()
    {
        var (minute, now) = (TimeSpan.FromMinutes(1), _time.GetUtcNow());
        foreach (var (left, lease) in new[] { (0.2, 1), (20, 20), (59, 59), (3600, 60) })
        {
            var robot = Verdict.Proved(Ci with { Expires = now.AddSeconds(left) });
            Assert.Equal(TimeSpan.FromSeconds(lease), SessionJudge.LeaseOf(robot, minute, now));
        }

        Assert.Equal(minute, SessionJudge.LeaseOf(Verdict.Proved(Ci with { Expires = now, Robot = null }), minute, now));
        Assert.Equal(minute, SessionJudge.LeaseOf(Verdict.Unavailable("away"), minute, now));
    }

    [Fact]
    public async Task A_login_of_a_robot_ends_with_its_time_though_nobody_answers()
    {
        _answer = () => new TaskCompletionSource<FoundRobot?>().Task;
        using var stop = new CancellationTokenSource();
        var login = _authenticators.Robots.Verify("acme", "ci", RobotSecret.New(), "10.0.0.1", stop.Token).AsTask();
        Assert.False(login.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => login);
    }

    [Fact]
    public async Task A_subject_of_another_authenticator_is_no_robot_however_it_is_called()
    {
        using var folder = new TemporaryFolder();
        var running = ConfigurationFile.Read(folder.Write("config.yaml", """
            upstreams: { up: { url: "https://registry.example" } }
            authenticators: { it: { type: kubernetes, audience: registry, issuer: "https://a.example" } }
            tenants: { acme: { hosts: ["*"], authenticators: [it], routes: [{ prefix: "", upstream: up }] } }
            """)).Snapshot!.Configuration;
        using var inquiry = AccessInquiry.Of(running);
        foreach (var (named, by) in new[] { ("it", "it"), ("robot", "robot"), (null, "robot") })
        {
            var answer = await inquiry.Query(running, new AccessQuestion
            {
                Tenant = "acme", Authenticator = named, Subject = "robot$ci", Repository = RepositoryName.Parse("apps/web"),
                Action = RepositoryActions.Pull,
            }, TestContext.Current.CancellationToken);
            Assert.Equal(by, answer!.Authenticator);
        }
    }

    private Task<FoundRobot?> Good() =>
        Task.FromResult<FoundRobot?>(new FoundRobot(_rule, _time.GetUtcNow().AddDays(1), ["s1"], null));
}
