namespace RegistryProxy.Grains.Calls;

/// <summary>Who calls, as the sender of the message says.</summary>
internal static class CallSource
{
    /// <summary>How Orleans names the client that a silo is.</summary>
    private static ReadOnlySpan<byte> HostedClient => "hosted-"u8;

    /// <summary>Whether it is a grain, or a part of Orleans on a silo.</summary>
    public static bool IsGrain(IIncomingGrainCallContext context) => context.SourceId is { } source && !source.IsClient();

    /// <summary>Whether it is the client that a silo is, which a gateway in its process is, too.</summary>
    public static bool IsSilo(IIncomingGrainCallContext context) =>
        context.SourceId is { } source && source.Key.AsSpan().StartsWith(HostedClient);
}
