using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Repositories that a stranger makes up cost the cluster and the upstream little, and nobody who pulls what is there.</summary>
public sealed class InventedNameTests(Lab lab)
{
    [Fact]
    public async Task Whoever_asks_for_what_is_not_there_soon_gets_no_new_names_and_pulls_on()
    {
        await using var door = await FrontDoor.Start(DoorConfiguration.Single((await lab.Registry).Url));
        using var alice = door.Client("alice");
        await alice.PushImage("invented/real", "v1", TestImage.Build(190, 1000));
        using var stranger = door.Client();
        Assert.Equal(HttpStatusCode.OK, await Pull(stranger, "invented/real", "v1"));
        Dictionary<HttpStatusCode, int> answers = [];
        for (var i = 0; i < 600; i++)
        {
            var status = await Pull(stranger, $"invented/name-{i}", "v1");
            answers[status] = answers.GetValueOrDefault(status) + 1;
        }

        Assert.Equal([HttpStatusCode.NotFound, HttpStatusCode.TooManyRequests], answers.Keys.Order());
        var grains = await door.Metric("orleans_catalog_activation_created_total", "grain_type=\"upstreamtoken\"");
        Assert.InRange(grains, 200, answers[HttpStatusCode.NotFound] + 10);
        Assert.Equal(HttpStatusCode.OK, await Pull(stranger, "invented/real", "v1"));
        using var login = await alice.Do(HttpMethod.Get, "/v2/invented/other/tags/list", RegistryClient.Pull("invented/other"));
        await login.ShouldBe(HttpStatusCode.NotFound);
    }

    private static async Task<HttpStatusCode> Pull(RegistryClient client, string repository, string tag)
    {
        using var answer = await client.Do(
            HttpMethod.Get, $"/v2/{repository}/manifests/{tag}", RegistryClient.Pull(repository), null, ("Accept", TestImage.OciManifest));
        return answer.StatusCode;
    }
}
