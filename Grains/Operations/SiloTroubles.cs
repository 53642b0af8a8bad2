using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Operations;

/// <summary>What is wrong in this silo while it goes on.</summary>
public sealed class SiloTroubles
{
    private readonly IConfigurationFeed _configuration;
    private readonly ServiceOutages _outages;

    internal SiloTroubles(IConfigurationFeed configuration, ServiceOutages outages) =>
        (_configuration, _outages) = (configuration, outages);

    /// <summary>The gravest first: what waits for an operator, authenticators that fail, files that cannot be used.</summary>
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
