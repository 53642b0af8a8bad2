using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Distribution;

/// <summary>What repositories that were not there cost who asks for the next one.</summary>
internal sealed class NewNames(MissedNames misses, UpstreamTokenCache tokens)
{
    /// <summary>
    /// The account that a caller is charged on, <c>null</c> for who is logged in; whether it missed before; and the error when it did so
    /// often that it gets no new name now.
    /// </summary>
    public (NameAccount? Account, bool HasMissed, DistributionError? Spent) Of(Caller caller, HttpContext context)
    {
        if (misses.AccountOf(caller, context) is not { } account)
        {
            return (null, false, null);
        }

        var (hasMissed, spent) = misses.Of(account);
        return (account, hasMissed, spent);
    }

    /// <summary>Whether a token of the upstream would have to be asked for.</summary>
    public bool IsNew(Destination destination) => !tokens.Has(
        destination.Upstream, new UpstreamTokenKey(destination.Upstream.Name, UpstreamScope.Pull(destination.Name)));
}
