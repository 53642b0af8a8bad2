using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions.Identity;
using RegistryProxy.Grains.Sessions.Identity.Issuers;

namespace RegistryProxy.Grains.Sessions.Login;

/// <summary>Sends people to their provider and takes them back.</summary>
[StatelessWorker, Reentrant, GrainType("peoplelogin")]
internal sealed partial class PeopleLoginGrain(
    IConfigurationFeed configuration, AuthenticatorDirectory authenticators, FlowSeal seal, LoginGranter granter, DeviceLogins devices, TimeProvider time,
    ILogger<PeopleLoginGrain> logger)
    : Grain, IPeopleLoginGrain
{
    public async ValueTask<PeopleLoginStart> Begin(PeopleLoginRequest request, CancellationToken cancellation = default)
    {
        if (Find(request.Tenant, request.Authenticator) is not { } code)
        {
            return new PeopleLoginStart(null, null, "there is no login of this name here");
        }

        var flow = LoginFlow.New(request.Tenant, request.Authenticator, request.UserCode, time.GetUtcNow());
        if (await code.AddressOf(flow, request.Callback, cancellation) is { } address)
        {
            return new PeopleLoginStart(address, await seal.Seal(flow), "");
        }

        LogUnreachable(request.Authenticator, code.Problem);
        return new PeopleLoginStart(null, null, $"the provider of '{request.Authenticator}' cannot be reached now; try again in a minute");
    }

    public async ValueTask<LoginResult> Finish(PeopleLoginReply reply, CancellationToken cancellation = default)
    {
        if (await seal.Open(reply.Flow) is not { } flow || flow.Tenant != reply.Tenant || !SameState(flow, reply)
            || Find(flow.Tenant, flow.Authenticator) is not { } code)
        {
            return LoginResult.Rejected("this login was not begun in this browser, or took longer than ten minutes");
        }

        var verdict = await code.Redeem(flow, reply.Code, reply.Callback, cancellation);
        if (verdict.Identity is not { } identity)
        {
            return LoginGranter.Failure(verdict);
        }

        return flow.UserCode is { } userCode
            ? await Approve(flow, userCode, identity)
            : await granter.Open(
                new LoginRequest
                {
                    Tenant = reply.Tenant, Service = reply.Service, Credentials = LoginCredentials.Anonymous, Offline = true, ClientAddress = reply.ClientAddress,
                },
                verdict,
                cancellation);
    }

    public ValueTask<DeviceLoginStart?> BeginDevice(string tenant, string clientAddress, CancellationToken cancellation = default) =>
        devices.Begin(tenant, clientAddress);

    public async ValueTask<string?> FindDevice(string tenant, string userCode, CancellationToken cancellation = default) =>
        DeviceCode.IsUserCode(userCode) ? await Device(tenant, userCode).Describe() : null;

    private async ValueTask<LoginResult> Approve(LoginFlow flow, string userCode, VerifiedIdentity identity) =>
        await Device(flow.Tenant, userCode).Approve(identity)
            ? new LoginResult { Status = LoginStatus.Granted, Authenticator = identity.Authenticator, Subject = identity.Subject }
            : LoginResult.Rejected("no device waits for this code any more; start again there");

    private IDeviceLoginGrain Device(string tenant, string userCode) =>
        GrainFactory.GetGrain<IDeviceLoginGrain>(DeviceCode.KeyOf(tenant, userCode));

    private CodeFlow? Find(string tenant, string authenticator) =>
        configuration.Current.Configuration.Tenants.TryGetValue(tenant, out var known)
            ? (authenticators.Find(known, authenticator) as OidcAuthenticator)?.People
            : null;

    private static bool SameState(LoginFlow flow, PeopleLoginReply reply) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(flow.State), Encoding.UTF8.GetBytes(reply.State));

    [LoggerMessage(Level = LogLevel.Warning, Message = "The provider of {Authenticator} cannot be reached: {Problem}")]
    private partial void LogUnreachable(string authenticator, string problem);
}
