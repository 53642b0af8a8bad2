using System.Reflection;
using Orleans.Concurrency;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Calls;
using RegistryProxy.Grains.Identity.Aws;
using RegistryProxy.Grains.Identity.Issuers;
using RegistryProxy.Grains.Identity.Ldap;
using RegistryProxy.Grains.Identity.Plugin;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Grains.Throttling;

namespace RegistryProxy.Tests.Architecture;

/// <summary>Who waits outside waits longer than who works inside.</summary>
public sealed class TimeoutTests
{
    private static readonly TimeSpan[] Authenticators =
        [LdapPool.Timeout, GrpcAuthenticator.Deadline, AwsStsAuthenticator.Timeout, IssuerDocuments.Timeout, CodeFlow.Timeout];

    [Fact]
    public void A_login_waits_from_the_outside_in()
    {
        TimeSpan[] chain =
        [
            LoginTimes.Client, LoginTimes.Gateway, TimeSpan.Parse(LoginTimes.RelayCall), TimeSpan.Parse(LoginTimes.LoginCall),
            LoginTimes.Login,
            LoginTimes.Proof, LoginThrottle.Timeout + Authenticators.Max(),
        ];
        Assert.Equal(chain.OrderDescending().Distinct(), chain);
    }

    [Theory]
    [InlineData(nameof(CallPolicy.Password), nameof(IRelayGrain.Login))]
    [InlineData(nameof(CallPolicy.Assertion), nameof(IRelayGrain.Login))]
    [InlineData(nameof(CallPolicy.DeviceCode), nameof(IRelayGrain.Login))]
    [InlineData(nameof(CallPolicy.Redemption), nameof(IRelayGrain.FinishInteractiveLogin))]
    [InlineData(nameof(CallPolicy.InteractiveLogin), nameof(IRelayGrain.BeginInteractiveLogin))]
    [InlineData(nameof(CallPolicy.DeviceStart), nameof(IRelayGrain.BeginDevice))]
    [InlineData(nameof(CallPolicy.DeviceStart), nameof(IRelayGrain.BeginDeviceLogin))]
    [InlineData(nameof(CallPolicy.DeviceSearch), nameof(IRelayGrain.SearchDevice))]
    public void What_is_asked_once_is_waited_for_longer_than_its_call_takes(string row, string method)
    {
        var policy = Row(row);
        Assert.True(policy.Attempt > LimitOf(typeof(IRelayGrain), method));
        Assert.True(policy.Total <= LoginTimes.Gateway);
    }

    [Theory]
    [InlineData(nameof(IRelayGrain.Login), typeof(ILoginGrain), nameof(ILoginGrain.Login))]
    [InlineData(nameof(IRelayGrain.BeginInteractiveLogin), typeof(IInteractiveLoginGrain), nameof(IInteractiveLoginGrain.Begin))]
    [InlineData(nameof(IRelayGrain.FinishInteractiveLogin), typeof(IInteractiveLoginGrain), nameof(IInteractiveLoginGrain.Finish))]
    [InlineData(nameof(IRelayGrain.BeginDevice), typeof(IInteractiveLoginGrain), nameof(IInteractiveLoginGrain.BeginDevice))]
    [InlineData(
        nameof(IRelayGrain.BeginDeviceLogin), typeof(IInteractiveLoginGrain), nameof(IInteractiveLoginGrain.BeginDeviceLogin))]
    [InlineData(nameof(IRelayGrain.SearchDevice), typeof(IInteractiveLoginGrain), nameof(IInteractiveLoginGrain.SearchDevice))]
    public void An_entrance_waits_longer_than_what_it_passes_on(string relay, Type grain, string method) =>
        Assert.True(LimitOf(typeof(IRelayGrain), relay) > LimitOf(grain, method));

    [Theory]
    [InlineData(nameof(CallPolicy.UpstreamTokenReplacement), typeof(IUpstreamTokenGrain), nameof(IUpstreamTokenGrain.Replace))]
    [InlineData(nameof(CallPolicy.UpstreamTokenReplacement), typeof(IUpstreamTokenGrain), nameof(IUpstreamTokenGrain.ReplaceAsked))]
    [InlineData(nameof(CallPolicy.CacheSubscription), typeof(ICacheGrain), nameof(ICacheGrain.Follow))]
    [InlineData(nameof(CallPolicy.CacheSubscription), typeof(ICacheGrain), nameof(ICacheGrain.Leave))]
    [InlineData(nameof(CallPolicy.CacheSubscription), typeof(IWriteShardGrain), nameof(IWriteShardGrain.Follow))]
    [InlineData(nameof(CallPolicy.CacheSubscription), typeof(IWriteShardGrain), nameof(IWriteShardGrain.Leave))]
    [InlineData(nameof(CallPolicy.CacheChange), typeof(IWriteShardGrain), nameof(IWriteShardGrain.Changed))]
    [InlineData(nameof(CallPolicy.Election), typeof(IFetchGrain), nameof(IFetchGrain.Elect))]
    [InlineData(nameof(CallPolicy.Election), typeof(IFetchGrain), nameof(IFetchGrain.End))]
    [InlineData(nameof(CallPolicy.Turn), typeof(IReferrersGrain), nameof(IReferrersGrain.Enter))]
    [InlineData(nameof(CallPolicy.Turn), typeof(IReferrersGrain), nameof(IReferrersGrain.Leave))]
    [InlineData(nameof(CallPolicy.Account), typeof(IUpstreamAccountGrain), nameof(IUpstreamAccountGrain.Follow))]
    [InlineData(nameof(CallPolicy.Account), typeof(IUpstreamAccountGrain), nameof(IUpstreamAccountGrain.Lease))]
    [InlineData(nameof(CallPolicy.Report), typeof(IAuditTailGrain), nameof(IAuditTailGrain.Follow))]
    [InlineData(nameof(CallPolicy.PulledNames), typeof(IAuditTailGrain), nameof(IAuditTailGrain.Names))]
    [InlineData(nameof(CallPolicy.Report), typeof(IOperationsGrain), nameof(IOperationsGrain.Leave))]
    [InlineData(nameof(CallPolicy.Administration), typeof(ITenantAdministrationGrain), nameof(ITenantAdministrationGrain.Handle))]
    public void A_direct_call_waits_longer_than_its_grain_takes(string row, Type grain, string method) =>
        Assert.True(Row(row).Attempt > LimitOf(grain, method));

    [Fact]
    public void Agents_wait_longer_than_gateways() =>
        Assert.True(RegistryProxy.NodeAgent.Sessions.RegistryTokenClient.Timeout >= LoginTimes.Client);

    /// <summary>kubelet gives a credential provider a minute (pkg/credentialprovider/plugin).</summary>
    [Fact]
    public void A_credential_provider_asks_the_agent_and_then_works_alone_within_kubelets_minute() => Assert.True(
        RegistryProxy.NodeAgent.Control.CredentialLookup.AgentTimeout + RegistryProxy.NodeAgent.Sessions.IIdentity.DefaultTimeout
            + RegistryProxy.NodeAgent.Sessions.RegistryTokenClient.Timeout < TimeSpan.FromMinutes(1));

    [Fact]
    public void A_provider_is_waited_for_while_a_browser_is_sent_to_it() =>
        Assert.True(LimitOf(typeof(IInteractiveLoginGrain), nameof(IInteractiveLoginGrain.Begin)) > IssuerDocuments.Timeout);

    [Fact]
    public void A_decision_waits_no_longer_for_a_directory_than_it_is_waited_for() =>
        Assert.True(LimitOf(typeof(ISessionGrain), nameof(ISessionGrain.Decide)) > IdentityStanding.LongWait);

    [Fact]
    public void A_refresh_token_waits_for_the_directory() => Assert.True(CallPolicy.Refresh.Attempt > LdapPool.Timeout);

    [Fact]
    public void Every_kind_of_credentials_has_its_row()
    {
        var counted = Enum.GetValues<LoginCredentialsKind>().Where(kind => CallPolicy.Of(kind).Repeat != Repeat.WhenSilent);
        Assert.Equal([LoginCredentialsKind.Password, LoginCredentialsKind.Assertion, LoginCredentialsKind.DeviceCode], counted);
    }

    private static readonly Dictionary<string, GrainRetry> Known = typeof(GrainRetry).Assembly.GetTypes()
        .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
        .Where(field => field.FieldType == typeof(GrainRetry))
        .ToDictionary(field => $"{field.DeclaringType!.Name}.{field.Name}", field => (GrainRetry)field.GetValue(null)!);

    public static TheoryData<string> Retries => [.. Known.Keys];

    /// <summary>One that has no answer cannot be lost, and one that lasts as long as the whole is never asked twice.</summary>
    [Theory]
    [MemberData(nameof(Retries))]
    public void What_is_asked_again_has_an_answer_can_be_asked_twice_and_ends_before_the_login_around_it(string row)
    {
        var retry = Known[row];
        Assert.DoesNotContain(
            retry.Grain.GetMethod(retry.Method)!.GetCustomAttributesData(), data => data.AttributeType == typeof(OneWayAttribute));
        Assert.True(LimitOf(retry.Grain, retry.Method) < retry.Total - TimeSpan.FromSeconds(2));
        Assert.True(retry.Total > TimeSpan.FromSeconds(6), "a silo is declared dead after six seconds");
        Assert.True(retry.Total < LoginTimes.Login);
    }

    [Fact]
    public void The_keys_of_a_login_come_before_it_is_given_up() => Assert.True(
        RingKeys.Question.Total < LimitOf(typeof(IInteractiveLoginGrain), nameof(IInteractiveLoginGrain.Begin)));

    private static CallPolicy Row(string name) => (CallPolicy)typeof(CallPolicy).GetProperty(name)!.GetValue(null)!;

    private static TimeSpan LimitOf(Type grain, string method) =>
        TimeSpan.Parse((string)grain.GetMethod(method)!.GetCustomAttributesData()
            .Single(data => data.AttributeType.Name == "ResponseTimeoutAttribute")
            .ConstructorArguments[0].Value!, System.Globalization.CultureInfo.InvariantCulture);
}
