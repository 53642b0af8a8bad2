using System.Collections.Frozen;
using System.Reflection;
using Microsoft.Extensions.Logging;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Calls;

/// <summary>
/// Refuses calls from clients to every grain interface that is not for them: upstream secrets, private keys and what is stored stay
/// between grains. A gateway is a client, also when it shares the process with a silo. Whatever Orleans or another library brings is
/// closed to them as long as it is not named here.
/// </summary>
internal sealed partial class ClientCallsFilter(ILogger<ClientCallsFilter> logger) : IIncomingGrainCallFilter
{
    /// <summary>What Orleans itself calls from a client: for the types of grains, and to end a call that timed out.</summary>
    internal static readonly FrozenSet<string> OfClients = FrozenSet.Create(
        StringComparer.Ordinal, "Orleans.Runtime.IClusterManifestSystemTarget", "Orleans.Runtime.IGrainCallCancellationExtension");

    private static readonly FrozenSet<Assembly> Own = FrozenSet.Create(typeof(ISnapshotGrain).Assembly, typeof(ClientCallsFilter).Assembly);

    public Task Invoke(IIncomingGrainCallContext context)
    {
        if (!CallSource.IsGrain(context)
            && (context.InterfaceMethod?.DeclaringType is not { } declaring || !IsOpen(declaring, CallSource.IsSilo(context))))
        {
            LogRefused(context.InterfaceMethod?.DeclaringType?.Name ?? context.InterfaceName, context.MethodName);
            throw new UnauthorizedAccessException($"{context.InterfaceName} is internal: only grains may call it");
        }

        return context.Invoke();
    }

    /// <summary>Whether a client may call an interface.</summary>
    /// <param name="declaring">The interface that declares the method.</param>
    /// <param name="bySilo">
    /// Whether the client is the one that a silo is: it stores state, serves operators and manages the cluster by interfaces of Orleans.
    /// </param>
    internal static bool IsOpen(Type declaring, bool bySilo) =>
        Own.Contains(declaring.Assembly) ? declaring.IsPublic : bySilo || OfClients.Contains(declaring.FullName ?? "");

    [LoggerMessage(Level = LogLevel.Warning, Message = "A client called {Interface}.{Method}, which only grains may call; rejected")]
    private partial void LogRefused(string @interface, string method);
}
