using RegistryProxy.Configuration;
using RegistryProxy.Grains.Upstreams.TokenServices;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>How an upstream wants to be opened, as it is defined now.</summary>
internal sealed class UpstreamProbes(UpstreamTokenClient client, TimeProvider time)
{
    private readonly PerStamp<UpstreamProbe> _probes = new(() => new UpstreamProbe(client, time));

    /// <summary>The scheme of its last good answer.</summary>
    public UpstreamScheme SchemeOf(UpstreamConfiguration? upstream) => upstream is null ? UpstreamScheme.Unknown : Of(upstream).Scheme;

    /// <summary>How the upstream asks: as it did in a refusal, or as it does at <c>/v2/</c>.</summary>
    public async ValueTask<ProbeAnswer> Query(UpstreamConfiguration upstream, string[]? asked, bool anew)
    {
        IReadOnlyList<Challenge> challenges = asked is null ? [] : [.. asked.SelectMany(Challenge.ParseAll)];
        if (challenges.Count > 0)
        {
            return ChallengeChoice.Of(upstream, challenges);
        }

        var general = await Of(upstream).Probe(upstream, anew);
        return asked is not null && general is { Failure: null, Challenge.Scheme: UpstreamScheme.None }
            ? ChallengeChoice.Of(upstream, challenges) : general;
    }

    private UpstreamProbe Of(UpstreamConfiguration upstream) => _probes.Of(UpstreamProbe.DefinitionOf(upstream));
}
