using Microsoft.Extensions.Logging;

namespace RegistryProxy.Grains.Calls;

/// <summary>
/// Refuses calls from clients to grain interfaces that are internal to this assembly: upstream secrets and private keys stay between
/// grains. A gateway is a client, also when it shares the process with a silo.
/// </summary>
internal sealed partial class InternalGrainsFilter(ILogger<InternalGrainsFilter> logger) : IIncomingGrainCallFilter
{
    public Task Invoke(IIncomingGrainCallContext context)
    {
        var declaring = context.InterfaceMethod?.DeclaringType;
        if (declaring is { IsNotPublic: true } && declaring.Assembly == typeof(InternalGrainsFilter).Assembly
            && (context.SourceId is not { } source || source.IsClient()))
        {
            LogRefused(declaring.Name, context.MethodName);
            throw new UnauthorizedAccessException($"{declaring.Name} is internal: only grains may call it");
        }

        return context.Invoke();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A client called {Interface}.{Method}, which only grains may call; rejected")]
    private partial void LogRefused(string @interface, string method);
}
