using System.Collections.Concurrent;
using System.Reflection;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>Ways into a cluster that is a script: where each leads, and what is said there.</summary>
internal sealed class ScriptedEntrances
{
    private readonly ConcurrentBag<int> _asked = [];

    public ScriptedEntrances()
    {
        Factory = DispatchProxy.Create<IGrainFactory, FactoryProxy>();
        ((FactoryProxy)(object)Factory).Script = this;
    }

    public IGrainFactory Factory { get; }

    /// <summary>The silo to which a way leads; one that throws, or never answers, is a silo that does so.</summary>
    public Func<int, CancellationToken, Task<string>> Where { get; set; } = (_, _) => Task.FromResult("one");

    /// <summary>What becomes of a login by a way.</summary>
    public Func<int, CancellationToken, Task<LoginResult>> Login { get; set; } = (_, _) => Task.FromResult(LoginResult.Rejected(""));

    /// <summary>The ways by which a login was asked for.</summary>
    public IReadOnlyCollection<int> Asked => _asked;

    private object Entrance(int way)
    {
        var entrance = DispatchProxy.Create<IEntranceGrain, EntranceProxy>();
        (((EntranceProxy)(object)entrance).Script, ((EntranceProxy)(object)entrance).Way) = (this, way);
        return entrance;
    }

#pragma warning disable CA1852 // DispatchProxy derives from them.
    internal class FactoryProxy : DispatchProxy
    {
        public ScriptedEntrances Script { get; set; } = null!;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => Script.Entrance((int)(long)args![0]!);
    }

    internal class EntranceProxy : DispatchProxy
    {
        public ScriptedEntrances Script { get; set; } = null!;

        public int Way { get; set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            var cancellation = (CancellationToken)args![^1]!;
            if (targetMethod!.Name == nameof(IEntranceGrain.Where))
            {
                return new ValueTask<string>(Script.Where(Way, cancellation));
            }

            Script._asked.Add(Way);
            return new ValueTask<LoginResult>(Script.Login(Way, cancellation));
        }
    }
#pragma warning restore CA1852
}
