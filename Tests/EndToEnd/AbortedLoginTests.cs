using System.Net.Http.Headers;
using System.Text;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Who does not wait for the answer to a login is counted in the limits of the tenant all the same.</summary>
public sealed class AbortedLoginTests
{
    private const int Logins = 24;

    [Fact]
    public async Task Logins_whose_clients_leave_before_the_answer_are_counted()
    {
        var asked = 0;
        using var directory = new HostileDirectory((_, _) =>
        {
            Interlocked.Increment(ref asked);
            return [];
        });
        await using var door = await FrontDoor.Start(DoorConfiguration.Single("http://127.0.0.1:9")
            .Replace("{ type: htpasswd, file: htpasswd }",
                $"{{ type: ldap, url: \"ldap://127.0.0.1:{directory.Port}\", allowPlaintext: true, userDn: \"uid={{0}},dc=t\" }}")
            .Replace("routes:", "limits: { perIdentity: { requestsPerSecond: 1 } }\n    routes:"));
        using var http = new HttpClient { BaseAddress = new Uri(door.DataUrl) };
        foreach (var path in new[] { "/token", "/v2/" })
        {
            var (before, counted) = (Volatile.Read(ref asked), await door.Metric("registryproxy_gateway_limited"));
            using var leave = new CancellationTokenSource();
            var left = 0;
            var logins = Enumerable.Range(0, Logins).Select(async number =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, path);
                request.Headers.Authorization = new AuthenticationHeaderValue(
                    "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"user-{number}:x")));
                try
                {
                    using var late = await http.SendAsync(request, leave.Token);
                }
                catch (OperationCanceledException)
                {
                    Interlocked.Increment(ref left);
                }
            }).ToList();
            await Eventually.True(() => Volatile.Read(ref asked) > before, "the directory is asked, and does not answer");
            await leave.CancelAsync();
            await Task.WhenAll(logins);
            Assert.True(left > 1, $"{left} left");
            await Eventually.True(async () => await door.Metric("registryproxy_gateway_limited") > counted, $"they are counted at {path}");
        }
    }
}
