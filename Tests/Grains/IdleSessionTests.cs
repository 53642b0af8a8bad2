using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>Orleans ends an activation that nobody asks; the next one reads what the one before wrote, wherever the state is.</summary>
public sealed class IdleSessionTests
{
    private const string Yaml = """
        upstreams:
          up: { url: "https://registry.example" }
        authenticators:
          staff: { type: htpasswd, file: users, groups: { dev: [alice], ops: [alice, bob] } }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [staff]
            routes: [{ prefix: "", upstream: up }]
            access: [{ name: dev, who: ["group:dev"], repositories: ["**"], actions: [pull] }]
        """;

    [Theory]
    [InlineData(StateProvider.Memory)]
    [InlineData(StateProvider.File)]
    public async Task Who_was_away_for_long_logs_in_and_goes_on(StateProvider provider)
    {
        using var folder = new TemporaryFolder();
        var state = new StateConfiguration
        {
            Provider = provider, Folder = folder.File("state"),
            EncryptionKeys = [new EncryptionKeyConfiguration("k1", new InlineSecret(new Secret(Convert.ToBase64String(new byte[32]))))],
        };
        await using var cluster = await GrainCluster.Start(Yaml, prepare: files => files.Write("users", Users()), state: state);
        var first = await Task.WhenAll(new[] { "alice", "bob", "carol" }.Select(user => Login(cluster, Password(user))));
        await cluster.Service<IGrainFactory>().GetGrain<IManagementGrain>(0).ForceActivationCollection(TimeSpan.Zero);
        foreach (var (user, known) in new[] { "alice", "bob", "carol" }.Zip(first))
        {
            var refreshed = await Login(cluster, new LoginCredentials(LoginCredentialsKind.RefreshToken, "", known.RefreshToken!));
            Assert.Equal((LoginStatus.Granted, known.Granted.Count), (refreshed.Status, refreshed.Granted.Count));
            Assert.Equal(LoginStatus.Granted, (await Login(cluster, Password(user))).Status);
        }
    }

    private static string Users() =>
        string.Concat(new[] { "alice", "bob", "carol" }.Select(user => $"{user}:{BCrypt.Net.BCrypt.HashPassword(user, 4)}\n"));

    private static LoginCredentials Password(string user) => new(LoginCredentialsKind.Password, user, new Secret(user));

    private static Task<LoginResult> Login(GrainCluster cluster, LoginCredentials credentials) =>
        cluster.Client.GetGrain<ILoginGrain>(0).Login(new LoginRequest
    {
        Tenant = "acme", Service = "here", Offline = true, Credentials = credentials,
        Scopes = [Scope.Of(RepositoryName.Parse("team/app"), RepositoryActions.Pull)],
    }).AsTask();
}
