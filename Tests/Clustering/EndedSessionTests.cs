using System.Net;
using System.Security.Cryptography;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Running;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Clustering;

/// <summary>Of an identity without sessions nothing is kept.</summary>
[Waits(60)]
public sealed class EndedSessionTests(Lab lab)
{
    [Fact]
    public async Task Records_of_who_was_revoked_and_of_who_stayed_away_are_removed()
    {
        await using var redis = await Redis.Start();
        await using var door = await FrontDoor.Start(await Yaml(redis));
        foreach (var user in new[] { "alice", "bob", "carol" })
        {
            await Login(door, user);
        }

        Assert.Equal(["alice", "bob", "carol"], await Kept(redis));
        using (var http = new HttpClient())
        using (var content = new StringContent("""{"tenant":"acme","subject":"bob"}"""))
        using (var revoked = await http.PostAsync($"{door.AdminUrl}/admin/sessions/revoke", content))
        {
            await revoked.ShouldBe(HttpStatusCode.OK);
        }

        Assert.Equal(["alice", "carol"], await Kept(redis));
        await Eventually.True(async () => (await Kept(redis)).Count == 0, "the others' sessions of a minute are over and forgotten",
            TimeSpan.FromSeconds(75));
        await Login(door, "carol");
        Assert.Equal(["carol"], await Kept(redis));
    }

    private static async Task Login(FrontDoor door, string user)
    {
        using var client = door.Client(user);
        using var response = await client.RequestToken([], "&offline_token=true");
        await response.ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>Whose sessions the storage keeps.</summary>
    private static Task<List<string>> Kept(Redis redis) => redis.With((_, server) => Task.FromResult(server.Keys(pattern: "*")
        .Select(key => key.ToString()).Where(key => key.Contains("/session/acme/staff/", StringComparison.Ordinal))
        .Select(key => key.Split("/session/acme/staff/")[1].Split('/')[0]).Order().ToList()));

    private async Task<string> Yaml(Redis redis) => DoorConfiguration.Single((await lab.Registry).Url, extra: $$"""
        tokens: { accessLifetime: 1m, refreshLifetime: 1m }
        state:
          provider: redis
          redis: { connection: "{{redis.Connection}}" }
          encryptionKeys: [{ id: k1, key: { value: "{{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}}" } }]
        """);
}
