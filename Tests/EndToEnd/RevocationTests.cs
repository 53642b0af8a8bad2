using System.Diagnostics;
using System.Net;
using System.Text.Json;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>How fast an ended session is refused.</summary>
public sealed class RevocationTests(Lab lab)
{
    [Fact]
    public async Task A_revoked_session_is_refused_within_five_seconds_and_mostly_within_one()
    {
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single((await lab.Registry).Url));
        List<double> times = [];
        using var http = new HttpClient();
        for (var i = 0; i < Sizes.Of(50, 1000); i++)
        {
            using var bob = door.Client("bob");
            var token = await bob.Token("");
            using (var good = await bob.Send(HttpMethod.Get, "/v2/", token))
            {
                Assert.Equal(HttpStatusCode.OK, good.StatusCode);
            }

            var watch = Stopwatch.StartNew();
            using var content = new StringContent($$"""{"tenant":"{{door.Tenant}}","subject":"bob"}""");
            using var revoked = await http.PostAsync($"{door.AdminUrl}/admin/sessions/revoke", content);
            Assert.Equal(HttpStatusCode.OK, revoked.StatusCode);
            await Support.Processes.Eventually.True(
                async () =>
                {
                    using var refused = await bob.Send(HttpMethod.Get, "/v2/", token);
                    return refused.StatusCode == HttpStatusCode.Unauthorized;
                },
                "the token is refused", TimeSpan.FromSeconds(5));
            times.Add(watch.Elapsed.TotalMilliseconds);
        }

        var median = times.Order().ElementAt(times.Count / 2);
        TestContext.Current.SendDiagnosticMessage($"{times.Count} revocations: median {median:0.0} ms, most {times.Max():0} ms");
        Assert.True(median <= 1000, $"median {median} ms");

        using var unlisted = new StringContent($$"""{"tenant":"{{door.Tenant}}","session":"00112233445566778899aabbccddeeff"}""");
        using var none = await http.PostAsync($"{door.AdminUrl}/admin/sessions/revoke", unlisted);
        using var reply = JsonDocument.Parse(await none.Content.ReadAsStringAsync());
        Assert.Equal(0, reply.RootElement.GetProperty("revoked").GetInt32());
        Assert.Contains("no session of this id is listed", reply.RootElement.GetProperty("message").GetString());
    }
}
