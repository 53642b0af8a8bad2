using RegistryProxy.Configuration;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity.Robots;

/// <summary>Robots of all tenants: each tenant's are in a grain of its own, which every decision asks.</summary>
internal sealed class RobotAuthenticator(IGrainFactory grains, TimeProvider time) : IAuthenticator
{
    private static readonly Dictionary<string, string> NoClaims = [];

    /// <summary>The grain is at hand: every decision looks.</summary>
    public TimeSpan? RecheckEvery => TimeSpan.Zero;

    /// <summary>A secret that ended is over, whether the grain can be reached or not.</summary>
    public bool LastAnswerHolds => false;

    public async ValueTask<Verdict> Verify(
        string tenant, string name, Secret secret, string clientAddress, CancellationToken cancellation)
    {
        if (!RobotName.IsGood(name))
        {
            return Verdict.Unknown;
        }

        if (!RobotSecret.IsWellFormed(secret))
        {
            return Verdict.WrongPassword with { Reason = "wrong password: this is no secret of a robot, or a part of one is missing" };
        }

        var found = await Directory(tenant).Prove(name, secret, clientAddress).AsTask().WaitAsync(cancellation);
        return found is null ? Verdict.Unknown
            : found.Proved is not { } proved ? Verdict.WrongPassword
            : Judge(tenant, name, found, proved);
    }

    public async ValueTask<Verdict> Recheck(VerifiedIdentity known, CancellationToken cancellation)
    {
        if (known.Robot is not { } robot || !RobotName.TryGet(known.Subject, out var name)
            || await Directory(robot.Tenant).Find(name).AsTask().WaitAsync(cancellation) is not { } found)
        {
            return Verdict.Unknown;
        }

        var stamp = known.CredentialStamp;
        return Judge(robot.Tenant, name, found, found.Secrets.Contains(stamp) ? stamp : found.Secrets[0]);
    }

    private IRobotDirectoryGrain Directory(string tenant) => grains.GetGrain<IRobotDirectoryGrain>(tenant);

    private Verdict Judge(string tenant, string name, FoundRobot found, string stamp)
    {
        var user = RobotName.UserOf(name);
        return found.Expires > time.GetUtcNow()
            ? Verdict.Proved(new VerifiedIdentity(
                AuthenticatorConfiguration.Robot, user, [], NoClaims, stamp, found.Expires,
                new RobotGrant(tenant, found.Rule, found.Secrets)))
            : Verdict.Refused($"expired: the robot ended at {found.Expires:u}", AuthenticatorConfiguration.Robot, user);
    }
}
