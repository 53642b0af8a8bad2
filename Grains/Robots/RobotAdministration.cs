using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.SiloCalls;

namespace RegistryProxy.Grains.Robots;

/// <summary>Robots, for who serves operators on a silo.</summary>
public sealed class RobotAdministration
{
    private readonly IGrainFactory _grains;
    private readonly ProcessPass _pass;
    private readonly TimeProvider _time;

    internal RobotAdministration(IGrainFactory grains, ProcessPass pass, TimeProvider time) =>
        (_grains, _pass, _time) = (grains, pass, time);

    /// <summary>Asks for the robots of a tenant.</summary>
    public ValueTask<T> Ask<T>(string tenant, Func<IRobotRelayGrain, string, ValueTask<T>> question) =>
        question(_grains.GetGrain<IRobotRelayGrain>(tenant), _pass.Text);

    /// <summary>What a robot of a tenant was made for, and whether it has ended; <c>null</c> when there is none of this name.</summary>
    internal async ValueTask<(GrantedRule Rule, DateTimeOffset Expires, bool IsOver)?> Find(string tenant, string name) =>
        (await Ask(tenant, (grain, pass) => grain.List(pass))).FirstOrDefault(robot => robot.Name == name) is { } found
            ? (new GrantedRule($"robot:{found.Name}", found.Repositories, found.Actions), found.Expires,
                found.Expires <= _time.GetUtcNow())
            : null;
}
