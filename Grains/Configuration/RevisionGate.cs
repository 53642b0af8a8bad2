using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// Nothing is decided on a silo before it knows what its cluster follows, or by rules that the cluster has left: a removed right does not
/// come back with a silo that starts from an old file.
/// </summary>
internal sealed class RevisionGate(RevisionFeed feed) : IIncomingGrainCallFilter
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        if (IsDecision(context.InterfaceMethod?.DeclaringType))
        {
            if (!feed.Settled.IsCompleted)
            {
                await feed.Settled.WaitAsync(Timeout);
            }

            if (!feed.IsUsable)
            {
                throw new SiloUnavailableException("this silo cannot use the configuration of its cluster; its log says why");
            }
        }

        await context.Invoke();
    }

    /// <summary>Whether somebody decides by the configuration there.</summary>
    internal static bool IsDecision(Type? declaring) =>
        declaring == typeof(ISnapshotGrain) || declaring == typeof(ISessionGrain) || declaring == typeof(ILoginGrain)
        || declaring == typeof(IInteractiveLoginGrain) || declaring == typeof(ITenantAdministrationGrain)
        || declaring == typeof(Sessions.ISessionAuthorityGrain);
}
