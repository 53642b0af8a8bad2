using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>A silo that cannot use what the cluster follows has no word on who somebody is: it ends nothing and refuses nobody.</summary>
public sealed class UnusableTenantTests
{
    private const string Yaml = """
        upstreams: { up: { url: "https://registry.example" } }
        authenticators: { staff: { type: htpasswd, file: htpasswd } }
        tenants:
          acme:
            hosts: ["a.example"]
            authenticators: [staff]
            routes: [{ prefix: "", upstream: up }]
            access: [{ name: all, who: [authenticated], repositories: ["**"], actions: [pull] }]
        """;

    [Fact]
    public async Task Sessions_of_a_tenant_whose_part_cannot_be_used_here_go_on_afterwards()
    {
        await using var cluster = await Start();
        var session = await Ask(cluster, Password);
        Assert.Equal(LoginStatus.Granted, session.Status);
        var usable = cluster.Configuration.Current;
        var tenants = usable.Configuration.Tenants.ToDictionary(tenant => tenant.Key, tenant => tenant.Value with
        {
            IsUnusable = true, Routes = [], Access = [], Authenticators = [],
        });
        cluster.Configuration.Replace(new ConfigurationSnapshot(usable.Configuration with { Tenants = tenants }, "unusable"));
        var undecided = await Decide(cluster, session);
        Assert.Equal((false, true), (undecided.Open, undecided.Unavailable));
        await Assert.ThrowsAsync<GatewayTooBusyException>(() => Ask(cluster, Password));
        await Assert.ThrowsAsync<GatewayTooBusyException>(() => Ask(cluster, Refresh(session)));

        cluster.Configuration.Replace(usable);
        Assert.True((await Decide(cluster, session)).Open);
        Assert.Equal(LoginStatus.Granted, (await Ask(cluster, Refresh(session))).Status);
    }

    [Fact]
    public async Task Nobody_logs_in_by_any_way_before_it_is_known_what_the_cluster_follows()
    {
        await using var cluster = await Start(built =>
        {
            var local = built.Services.Last(one => one.ServiceType == typeof(IConfigurationFeed)).ImplementationInstance;
            built.Services.AddSingleton<IConfigurationFeed>(new RevisionFeed((IConfigurationFeed)local!, "config.yaml", TimeProvider.System));
        });
        await Assert.ThrowsAsync<TimeoutException>(() => Ask(cluster, Password));
        await Assert.ThrowsAsync<GatewayTooBusyException>(
            async () => await cluster.Client.GetGrain<IRelayGrain>(0).Login(Request(Password), TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<GatewayTooBusyException>(
            async () => await cluster.Client.GetGrain<IRelayGrain>(0).CreateNonce("acme", "staff", TestContext.Current.CancellationToken));
        Assert.NotEmpty(await cluster.Client.GetGrain<IRelayGrain>(0).Where(TestContext.Current.CancellationToken));
    }

    private static LoginCredentials Password { get; } = new(LoginCredentialsKind.Password, "alice", new Secret("password"));

    private static LoginCredentials Refresh(LoginResult login) => new(LoginCredentialsKind.RefreshToken, "", login.RefreshToken);

    private static Task<GrainCluster> Start(Action<ISiloBuilder>? silo = null) => GrainCluster.Start(
        Yaml, prepare: folder => folder.Write("htpasswd", $"alice:{BCrypt.Net.BCrypt.HashPassword("password", 4)}\n"), silo: silo);

    private static LoginRequest Request(LoginCredentials credentials) => new()
    {
        Tenant = "acme", Service = "here", Offline = true, Credentials = credentials,
    };

    private static async Task<LoginResult> Ask(GrainCluster cluster, LoginCredentials credentials) =>
        await cluster.Client.GetGrain<ILoginGrain>(0).Login(Request(credentials), TestContext.Current.CancellationToken);

    private static async Task<SessionDecision> Decide(GrainCluster cluster, LoginResult login)
    {
        var claims = new JsonWebToken(login.AccessToken!.Reveal());
        return await cluster.Client.GetGrain<ISessionGrain>("acme/staff/alice").Decide(
            claims.GetPayloadValue<string>(AccessTokenClaims.Session), claims.GetPayloadValue<long>(AccessTokenClaims.Generation),
            TestContext.Current.CancellationToken);
    }
}
