using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Grains.Identity.Aws;
using RegistryProxy.Grains.Identity.Issuers;
using RegistryProxy.Grains.Identity.Ldap;
using RegistryProxy.Grains.Identity.Plugin;
using RegistryProxy.Grains.Interfaces;
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
            LoginTimes.Client, LoginTimes.Gateway, TimeSpan.Parse(LoginTimes.EntranceCall), TimeSpan.Parse(LoginTimes.LoginCall), LoginTimes.Login,
            LoginTimes.Proof, LoginThrottle.Patience + Authenticators.Max(),
        ];
        Assert.Equal(chain.OrderDescending().Distinct(), chain);
    }

    [Theory]
    [InlineData(nameof(Patience.Password), nameof(IEntranceGrain.Login))]
    [InlineData(nameof(Patience.Assertion), nameof(IEntranceGrain.Login))]
    [InlineData(nameof(Patience.DeviceCode), nameof(IEntranceGrain.Login))]
    [InlineData(nameof(Patience.Redemption), nameof(IEntranceGrain.FinishPeopleLogin))]
    [InlineData(nameof(Patience.PeopleLogin), nameof(IEntranceGrain.BeginPeopleLogin))]
    [InlineData(nameof(Patience.DeviceStart), nameof(IEntranceGrain.BeginDevice))]
    [InlineData(nameof(Patience.DeviceSearch), nameof(IEntranceGrain.SearchDevice))]
    public void What_is_asked_once_is_waited_for_longer_than_its_call_takes(string row, string method)
    {
        var patience = (Patience)typeof(Patience).GetProperty(row)!.GetValue(null)!;
        Assert.True(patience.Attempt > LimitOf(typeof(IEntranceGrain), method));
        Assert.True(patience.Total <= LoginTimes.Gateway);
    }

    [Theory]
    [InlineData(nameof(IEntranceGrain.Login), typeof(ILoginGrain), nameof(ILoginGrain.Login))]
    [InlineData(nameof(IEntranceGrain.BeginPeopleLogin), typeof(IPeopleLoginGrain), nameof(IPeopleLoginGrain.Begin))]
    [InlineData(nameof(IEntranceGrain.FinishPeopleLogin), typeof(IPeopleLoginGrain), nameof(IPeopleLoginGrain.Finish))]
    [InlineData(nameof(IEntranceGrain.BeginDevice), typeof(IPeopleLoginGrain), nameof(IPeopleLoginGrain.BeginDevice))]
    [InlineData(nameof(IEntranceGrain.SearchDevice), typeof(IPeopleLoginGrain), nameof(IPeopleLoginGrain.SearchDevice))]
    public void An_entrance_waits_longer_than_what_it_passes_on(string entrance, Type grain, string method) =>
        Assert.True(LimitOf(typeof(IEntranceGrain), entrance) > LimitOf(grain, method));

    [Fact]
    public void Agents_wait_longer_than_gateways() => Assert.True(RegistryProxy.NodeAgent.Sessions.DoorClient.Timeout >= LoginTimes.Client);

    [Fact]
    public void A_provider_is_waited_for_while_a_browser_is_sent_to_it() =>
        Assert.True(LimitOf(typeof(IPeopleLoginGrain), nameof(IPeopleLoginGrain.Begin)) > IssuerDocuments.Timeout);

    [Fact]
    public void A_refresh_token_waits_for_the_directory() => Assert.True(Patience.Refresh.Attempt > LdapPool.Timeout);

    [Fact]
    public void Every_kind_of_credentials_has_its_row()
    {
        var counted = Enum.GetValues<LoginCredentialsKind>().Where(kind => Patience.Of(kind).Repeat != Repeat.WhenSilent);
        Assert.Equal([LoginCredentialsKind.Password, LoginCredentialsKind.Assertion, LoginCredentialsKind.DeviceCode], counted);
    }

    private static TimeSpan LimitOf(Type grain, string method) =>
        TimeSpan.Parse((string)grain.GetMethod(method)!.GetCustomAttributesData().Single(data => data.AttributeType.Name == "ResponseTimeoutAttribute")
            .ConstructorArguments[0].Value!, System.Globalization.CultureInfo.InvariantCulture);
}
