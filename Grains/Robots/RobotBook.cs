using System.Security.Cryptography;
using RegistryProxy.Background;
using RegistryProxy.Grains.Identity.Robots;
using RegistryProxy.Grains.Managed;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Robots;

/// <summary>
/// The robots of a tenant as they are stored. Uses are in memory, and written now and then with all of them. For the single thread of a
/// grain.
/// </summary>
/// <param name="stored">The record.</param>
/// <param name="announce">Tells every gateway to ask anew about a robot.</param>
/// <param name="owner">Who has the tenant's name now; <c>null</c> for nobody.</param>
/// <param name="time">The time.</param>
internal sealed class RobotBook(
    Stored<RobotsState> stored, Func<string, Task> announce, Func<ManagedOwner?> owner, TimeProvider time)
{
    /// <summary>How often uses are written at most.</summary>
    public static readonly TimeSpan UsesWrittenEvery = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, RobotUse> _uses = [];
    private TimeSpan _usesFrom;

    /// <summary>A robot; <c>null</c> when there is none of this name.</summary>
    public async ValueTask<StoredRobot?> Find(string name) => (await Read()).Find(name);

    /// <summary>Remembers whose they are: something of who has the name may be another soon.</summary>
    public async Task KeepOwner()
    {
        if (owner() is { } now && (await Read()) is { Robots.Count: > 0 } known && known.Owner?.ToOwner().Equals(now.ToOwner()) != true)
        {
            await Change(before => (before.Robots.Count == 0 ? before : before with { Owner = now }, true));
        }
    }

    /// <summary>All of them, by name, with their uses.</summary>
    public async ValueTask<IReadOnlyList<RobotSummary>> List() =>
        [.. (await Read()).Trim(time.GetUtcNow()).Robots.OrderBy(robot => robot.Name, StringComparer.Ordinal).Select(Summarize)];

    /// <summary>Somebody showed a secret.</summary>
    public void Use(StoredRobotSecret secret, string clientAddress) => _uses[secret.Id] = new RobotUse(time.GetUtcNow(), clientAddress);

    public async Task<RobotReply> Create(RobotOrder order)
    {
        if (RobotCheck.Refuse(order, time.GetUtcNow()) is { } problem)
        {
            return new RobotReply(RobotOutcome.Invalid, problem);
        }

        var (fresh, secret) = NewSecret();
        return await Change<RobotReply>(before =>
        {
            var left = before.Trim(time.GetUtcNow());
            if (left.Find(order.Name) is not null)
            {
                return (before, new RobotReply(
                    RobotOutcome.Conflict, $"there is a robot '{order.Name}': rotate its secret, or revoke it first"));
            }

            if (left.Robots.Count >= RobotsState.MaxRobots)
            {
                return (before, new RobotReply(RobotOutcome.Conflict,
                    $"this tenant has {RobotsState.MaxRobots} robots, which is the maximum: revoke unused ones"));
            }

            var robot = new StoredRobot(
                order.Name, order.Repositories, order.Actions, time.GetUtcNow(), order.CreatedBy, order.Expires, [fresh]);
            return (left.With(robot), new RobotReply(RobotOutcome.Done, "", Summarize(robot), secret));
        });
    }

    /// <summary>The new secret is shown in this answer alone: where nobody can be told now, the former one ends with its lease.</summary>
    public async Task<RobotReply> Rotate(string name, DateTimeOffset? expires)
    {
        if (expires is { } end && RobotCheck.Refuse(end, time.GetUtcNow()) is { } problem)
        {
            return new RobotReply(RobotOutcome.Invalid, problem);
        }

        var (fresh, secret) = NewSecret();
        var reply = await Change<RobotReply>(before =>
        {
            if (before.Find(name) is not { } robot)
            {
                return (before, Unknown(name));
            }

            // Not the newest, which nobody may have got to see: somebody works with the one that was used last.
            var known = WithUses(robot).Secrets;
            var kept = known.Where(other => other.Used is not null).MaxBy(other => other.Used!.At) ?? known[0];
            var next = robot with { Secrets = [fresh, kept], Expires = expires ?? robot.Expires };
            return (before.With(next), new RobotReply(RobotOutcome.Done, "", Summarize(next), secret));
        });
        if (reply.Outcome == RobotOutcome.Done)
        {
            await announce(name).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        }

        return reply;
    }

    /// <summary>Told in any case: it may have ended in an attempt before, or in a write that failed, and nobody have been told.</summary>
    public async Task<RobotReply> EndSecret(string name, string id)
    {
        try
        {
            return await WithoutSecret(name, id);
        }
        finally
        {
            await announce(name);
        }
    }

    private Task<RobotReply> WithoutSecret(string name, string id) => Change<RobotReply>(before =>
    {
        if (before.Find(name) is not { } robot)
        {
            return (before, Unknown(name));
        }

        var left = robot.Secrets.Where(secret => secret.Id != id).ToList();
        if (left.Count == robot.Secrets.Count)
        {
            return (before, new RobotReply(RobotOutcome.Unknown, $"the robot '{name}' has no secret '{id}'"));
        }

        var next = robot with { Secrets = left };
        return left.Count == 0
            ? (before, new RobotReply(RobotOutcome.Conflict, "this is its last secret: revoke the robot, or rotate first"))
            : (before.With(next), new RobotReply(RobotOutcome.Done, "", Summarize(next)));
    });

    public Task<RobotReply> Remove(string name) => Change<RobotReply>(before => before.Find(name) is not { } robot
        ? (before, Unknown(name))
        : (before.Without(name) is { Robots.Count: > 0 } left ? left : null, new RobotReply(RobotOutcome.Done, "", Summarize(robot))));

    /// <summary>Writes the uses that are not written yet.</summary>
    /// <param name="now">Whether the last write may have been a moment ago.</param>
    public async Task WriteUses(bool now)
    {
        if (_uses.Count == 0 || (!now && time.GetSteadyNow() < _usesFrom))
        {
            return;
        }

        _usesFrom = time.GetSteadyNow() + UsesWrittenEvery;
        var written = _uses.ToList();
        await Change(before => (
            before.Robots.Count == 0 ? before : before with { Robots = [.. before.Robots.Select(WithUses)] }, true));
        foreach (var (id, use) in written.Where(use => _uses.GetValueOrDefault(use.Key) == use.Value))
        {
            _uses.Remove(id);
        }
    }

    private async ValueTask<RobotsState> Read() => (await stored.Get()).Of(owner());

    /// <summary>Robots of a former owner of the name are overwritten by the first of the next one.</summary>
    private Task<T> Change<T>(Func<RobotsState, (RobotsState? Next, T Result)> change) => stored.Change<T>(all =>
    {
        var own = all.Of(owner());
        var (next, result) = change(own);
        return (ReferenceEquals(next, own) ? all : next is null ? null : next with { Owner = owner() ?? next.Owner }, result);
    });

    private static RobotReply Unknown(string name) => new(RobotOutcome.Unknown, $"there is no robot '{name}'");

    private (StoredRobotSecret Kept, Secret Shown) NewSecret()
    {
        var (secret, key) = (RobotSecret.New(), RobotSecret.NewKey());
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        return (new StoredRobotSecret(id, RobotSecret.Hash(secret, key), key, time.GetUtcNow()), secret);
    }

    private StoredRobot WithUses(StoredRobot robot) => robot.Secrets.Any(secret => _uses.ContainsKey(secret.Id))
        ? robot with { Secrets = [.. robot.Secrets.Select(WithUse)] }
        : robot;

    private StoredRobotSecret WithUse(StoredRobotSecret secret) =>
        _uses.TryGetValue(secret.Id, out var use) ? secret with { Used = use } : secret;

    private RobotSummary Summarize(StoredRobot robot) => new(
        robot.Name, robot.Repositories, robot.Actions, robot.Created, robot.CreatedBy, robot.Expires,
        [
            .. robot.Secrets.Select(WithUse)
                .Select(secret => new RobotSecretSummary(secret.Id, secret.Created, secret.Used?.At, secret.Used?.ClientAddress)),
        ]);
}
