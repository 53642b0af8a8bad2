using System.Reflection;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.SiloCalls;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>
/// Every call that a gateway can have done in the cluster is written down here: whatever is not, it is refused, whoever wrote the gateway.
/// </summary>
public sealed class GatewayCallsTests
{
    private const string Yaml = """
        upstreams: { up: { url: "https://up.example" } }
        tenants: { acme: { hosts: ["*"], routes: [{ prefix: "", upstream: up }] } }
        """;

    /// <summary>What gateways need, and what wants a token, a secret or the pass of the process with each call.</summary>
    private static readonly string[] Allowed =
    [
        "IAuditTailGrain.Follow",
        "ICacheGrain.Changed", "ICacheGrain.Describe", "ICacheGrain.Follow", "ICacheGrain.Leave",
        "IFetchGrain.Elect", "IFetchGrain.End",
        "IInteractiveLoginGrain.Begin", "IInteractiveLoginGrain.BeginDevice", "IInteractiveLoginGrain.BeginDeviceLogin",
        "IInteractiveLoginGrain.FindDevice", "IInteractiveLoginGrain.Finish", "IInteractiveLoginGrain.SearchDevice",
        "ILimitSharesGrain.Share",
        "ILoginGrain.CreateNonce", "ILoginGrain.Login",
        "IOperationsGrain.Report",
        "IReferrersGrain.Enter", "IReferrersGrain.Leave",
        "IRelayGrain.BeginDevice", "IRelayGrain.BeginDeviceLogin", "IRelayGrain.BeginInteractiveLogin", "IRelayGrain.CreateNonce",
        "IRelayGrain.Decide", "IRelayGrain.DecideAll", "IRelayGrain.FinishInteractiveLogin", "IRelayGrain.Follow", "IRelayGrain.GetToken",
        "IRelayGrain.Login", "IRelayGrain.Ping", "IRelayGrain.SearchDevice", "IRelayGrain.Where",
        "IRobotRelayGrain.Create", "IRobotRelayGrain.EndSecret", "IRobotRelayGrain.List", "IRobotRelayGrain.Revoke",
        "IRobotRelayGrain.Rotate",
        "ISessionGrain.Decide", "ISessionGrain.DecideAll",
        "ISiloPassGrain.Write",
        "ISnapshotGrain.Follow",
        "ITenantAdministrationGrain.Handle", "ITenantReportGrain.Read",
        "IUpstreamAccountGrain.BreakerChanged", "IUpstreamAccountGrain.Describe", "IUpstreamAccountGrain.Follow",
        "IUpstreamAccountGrain.Lease", "IUpstreamAccountGrain.Observe", "IUpstreamAccountGrain.Throttled",
        "IUpstreamStatusGrain.Describe", "IUpstreamStatusGrain.Noted", "IUpstreamStatusGrain.Seen",
        "IUpstreamTokenGrain.GetToken", "IUpstreamTokenGrain.Replace", "IUpstreamTokenGrain.ReplaceAsked",
    ];

    private static readonly Assembly[] Assemblies = [typeof(ILoginGrain).Assembly, typeof(SilosAloneFilter).Assembly];

    private static readonly List<MethodInfo> Calls =
    [
        .. Assemblies.SelectMany(assembly => assembly.GetTypes())
            .Where(type => type.IsInterface && typeof(IGrain).IsAssignableFrom(type) && type.Namespace!.StartsWith("RegistryProxy."))
            .SelectMany(type => type.GetMethods()),
    ];

    [Fact]
    public async Task A_gateway_may_call_this_and_nothing_else()
    {
        await using var cluster = await GrainCluster.Start(Yaml);
        List<string> open = [];
        foreach (var call in Calls)
        {
            var name = $"{call.DeclaringType!.Name}.{call.Name}";
            if (Allowed.Contains(name))
            {
                continue;
            }

            if (await Record.ExceptionAsync(() => Make(cluster.Client, call)) is not UnauthorizedAccessException)
            {
                open.Add(name);
            }
        }

        Assert.Empty(open);
        Assert.Equal(Allowed.Length, Calls.Count(call => Allowed.Contains($"{call.DeclaringType!.Name}.{call.Name}")));
    }

    private static async Task Make(IGrainFactory grains, MethodInfo call)
    {
        var type = call.DeclaringType!;
        var grain = typeof(IGrainWithIntegerKey).IsAssignableFrom(type) ? grains.GetGrain(type, 0L) : grains.GetGrain(type, "acme/staff/alice");
        object?[] arguments =
        [
            .. call.GetParameters().Select(one => one.ParameterType.IsValueType ? Activator.CreateInstance(one.ParameterType) : null),
        ];
        var answer = call.Invoke(grain, arguments)!;
        await (answer as Task ?? (Task)answer.GetType().GetMethod(nameof(ValueTask.AsTask))!.Invoke(answer, [])!);
    }
}
