using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What the registry writes itself, and does not pass on, under a limit of bytes.</summary>
public sealed class LimitedListTests(Lab lab)
{
    [Theory]
    [InlineData("/v2/limits/listed/tags/list", "{\"name\":\"limits/listed\",\"tags\":[\"v1\"]}")]
    [InlineData("/v2/limits/listed/tags/list?n=1", "{\"name\":\"limits/listed\",\"tags\":[\"v1\"]}")]
    public async Task A_list_is_whole(string target, string text)
    {
        await using var door = await LeasedDoors.Take(LimitTests.TwoTenants("bytesPerSecond: 50MiB", (await lab.Registry).Url));
        using (var alice = door.Client("alice"))
        {
            await alice.PushImage("limits/listed", "v1", TestImage.Build(1210, 1000));
        }

        foreach (var url in new[] { door.DataUrl, door.DataUrl.Replace("127.0.0.1", "localhost") })
        {
            using var client = new RegistryClient(url, null, null);
            using var answer = await client.Send(HttpMethod.Get, target, null, null,
                ("Authorization", RegistryClient.Basic("alice", FrontDoor.PasswordOf("alice")).ToString()));
            Assert.Equal(text, await answer.Content.ReadAsStringAsync());
            using var referrers = await client.Send(
                HttpMethod.Get, $"/v2/limits/listed/referrers/{TestImage.Build(1210, 1000).Manifest.Digest}", null, null,
                ("Authorization", RegistryClient.Basic("alice", FrontDoor.PasswordOf("alice")).ToString()));
            Assert.Contains("\"manifests\":[]", await referrers.Content.ReadAsStringAsync());
        }
    }
}
