using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Operations;

/// <summary>What is wrong in this silo while it goes on.</summary>
public sealed class SiloTroubles
{
    private readonly IConfigurationFeed _configuration;
    private readonly ServiceOutages _outages;
    private readonly IStateHealth _state;

    internal SiloTroubles(IConfigurationFeed configuration, ServiceOutages outages, IStateHealth state) =>
        (_configuration, _outages, _state) = (configuration, outages, state);

    /// <summary>
    /// The gravest first: what waits for an operator, records that are refused, authenticators that fail, files that cannot be used.
    /// </summary>
    public IEnumerable<ProcessTrouble> Now()
    {
        if (_configuration is RevisionFeed { Conflict: { } conflict })
        {
            yield return new ProcessTrouble(ProcessTroubleKind.Conflict, "", conflict, null);
        }
        else if (_configuration is RevisionFeed { Alarm: { } alarm })
        {
            yield return new ProcessTrouble(ProcessTroubleKind.Waiting, "", alarm, null);
        }

        if (_state.Refusal is var (what, at))
        {
            yield return new ProcessTrouble(ProcessTroubleKind.State, "", what, at);
        }

        foreach (var (authenticator, since, reason) in _outages.Failing())
        {
            yield return new ProcessTrouble(ProcessTroubleKind.Authenticator, authenticator, reason, since);
        }

        foreach (var (section, since, problem) in UnusableFiles.Now())
        {
            yield return new ProcessTrouble(ProcessTroubleKind.Files, section, problem, since);
        }
    }
}
