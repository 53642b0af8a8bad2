using System.Net;
using System.Text.Json;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Support.Wire;

internal static class ResponseAssertions
{
    public static async Task ShouldBe(this HttpResponseMessage response, HttpStatusCode status) =>
        Assert.True(response.StatusCode == status,
            $"{(int)response.StatusCode} instead of {(int)status}: {await response.Content.ReadAsStringAsync()}");

    /// <summary>The status, and a well-formed distribution error of this code. Returns the message.</summary>
    public static async Task<string> ShouldFail(this HttpResponseMessage response, HttpStatusCode status, string code)
    {
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode} instead of {(int)status}: {body}");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        var error = JsonDocument.Parse(body).RootElement.GetProperty("errors")[0];
        Assert.Equal(code, error.GetProperty("code").GetString());
        return error.GetProperty("message").GetString()!;
    }

    /// <summary>The Bearer challenge of a 401.</summary>
    public static Challenge Challenge(this HttpResponseMessage response)
    {
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        return Assert.Single(RegistryProxy.Protocol.Challenge.ParseAll(Assert.Single(response.Headers.GetValues("WWW-Authenticate"))));
    }
}
