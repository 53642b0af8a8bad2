using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// What an address without a login is charged for names. It outlives the context of a request, which serves others when it has ended.
/// </summary>
internal sealed class NameAccount(MissedNames names, CallerAddress from, RateGate gate)
{
    public CallerAddress From => from;

    public RateGate Gate => gate;

    /// <summary>Whether something that was asked for from there was not there.</summary>
    public bool HasMissed { get; set; }

    /// <inheritdoc cref="MissedNames.Take"/>
    public DistributionError? Take() => names.Take(this);

    /// <inheritdoc cref="MissedNames.GiveBack"/>
    public void GiveBack() => names.GiveBack(this);

    /// <inheritdoc cref="MissedNames.Note"/>
    public void Note(NameCharge charge, int status, bool hasLeft) => names.Note(this, charge, status, hasLeft);
}
