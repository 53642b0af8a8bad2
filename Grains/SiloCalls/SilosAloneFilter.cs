using System.Collections.Frozen;
using System.Reflection;
using Microsoft.Extensions.Logging;
using RegistryProxy.Grains.Calls;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.SiloCalls;

/// <summary>
/// Refuses calls of gateways that silos alone may make. What a grain does then tells nobody the pass that it was called with.
/// </summary>
internal sealed partial class SilosAloneFilter(SiloPass pass, ILogger<SilosAloneFilter> logger) : IIncomingGrainCallFilter
{
    private static readonly FrozenDictionary<MethodInfo, SilosAloneAttribute> Methods = MethodsOf(
        typeof(SilosAloneAttribute).Assembly, typeof(SilosAloneFilter).Assembly);

    public Task Invoke(IIncomingGrainCallContext context) =>
        context.InterfaceMethod is { } method && Methods.TryGetValue(method, out var rule) ? Invoke(context, rule) : context.Invoke();

    /// <summary>The calls that silos alone may make.</summary>
    internal static FrozenDictionary<MethodInfo, SilosAloneAttribute> MethodsOf(params Assembly[] assemblies) => assemblies
        .SelectMany(assembly => assembly.GetTypes()).Where(type => type.IsInterface).SelectMany(type => type.GetMethods())
        .Select(method => (Method: method, Rule: method.GetCustomAttribute<SilosAloneAttribute>()
            ?? method.DeclaringType!.GetCustomAttribute<SilosAloneAttribute>()))
        .Where(known => known.Rule is not null).ToFrozenDictionary(known => known.Method, known => known.Rule!);

    private async Task Invoke(IIncomingGrainCallContext context, SilosAloneAttribute rule)
    {
        var given = RequestContext.Get(SiloPass.Entry) as string;
        RequestContext.Remove(SiloPass.Entry);
        if (!CallSource.IsGrain(context) && !(rule.WantsPass ? await pass.IsGood(given, context.TargetId) : CallSource.IsSilo(context)))
        {
            LogRefused(context.InterfaceName, context.MethodName);
            throw new UnauthorizedAccessException($"{context.InterfaceName}.{context.MethodName} is for silos alone");
        }

        await context.Invoke();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A client called {Interface}.{Method}, which is for silos alone; refused")]
    private partial void LogRefused(string @interface, string method);
}
