using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// How many units are asked for when one waits that needs many more: few at first, twice as many where all of them were given and are gone
/// at once, and half where they last, so that a gateway never has much more than it uses.
/// </summary>
internal sealed class PermitLump(TimeProvider time)
{
    /// <summary>Of what may be used at once, the part that is asked for first.</summary>
    private const int FirstPart = 50;

    /// <summary>The part that is asked for at most.</summary>
    private const int LargestPart = 4;

    /// <summary>Units that are gone sooner were too few.</summary>
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(0.25);

    /// <summary>Units that last longer were too many.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(0.5);

    /// <summary>After this time it begins anew.</summary>
    private static readonly TimeSpan Forgotten = TimeSpan.FromSeconds(2);

    private double _units;
    private long _at;
    private volatile bool _isMet = true;

    /// <summary>Units to ask for now.</summary>
    /// <param name="depth">What may be used at once.</param>
    public int Next(double depth)
    {
        var now = time.GetTimestamp();
        var (past, first) = (time.GetElapsedTime(_at, now), depth / FirstPart);
        var units = _units <= 0 || past >= Forgotten ? first : past < Short ? _units * (_isMet ? 2 : 1) : past > Long ? _units / 2 : _units;
        (_units, _at) = (Math.Clamp(units, first, depth / LargestPart), now);
        return Math.Max(1, (int)_units);
    }

    /// <summary>The cluster answered.</summary>
    public void Answered(PermitDemand demand, PermitGrant grant) => _isMet = demand.Urgent > 0 ? grant.RetrySeconds <= 0 : _isMet;
}
