using System.Text.RegularExpressions;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Documents;

/// <summary>docs/guides/domain-and-tls.md: both of its configurations, and what it says that a request is answered.</summary>
public sealed class DomainPageTests
{
    private const string Domain = "docs/guides/domain-and-tls.md";

    [Fact]
    [Types(Domain, "curl -i")]
    public async Task Both_answers_of_verify_are_those_that_the_page_says()
    {
        var page = TypedPage.Of(Domain);
        var text = await File.ReadAllTextAsync(Path.Combine(DocumentBlock.Root, Domain));
        var verify = page.Next();
        page.ShouldBeOver();
        await using (var door = await FrontDoor.Start(DocumentBlock.Of(Domain, "listen:\n  data: http://").Text))
        {
            await ShouldAnswer(verify, door, "http", Regex.Match(text, "`WWW-Authenticate: (Bearer [^`]+)`").Groups[1].Value);
        }

        await using var encrypted = await FrontDoor.StartEncrypted(DocumentBlock.Of(Domain, "listen:\n  data: https://").Text);
        var address = Regex.Match(text, @"`(https://docker\.acme\.example:5000/v2/)`").Groups[1].Value;
        await ShouldAnswer(
            verify.Replace("https://docker.acme.example/v2/", address), encrypted, "https",
            Regex.Match(text, "`(realm=\"https://docker\\.acme\\.example:5000/[^`]+)`").Groups[1].Value);
    }

    /// <summary>Connects to the door instead of the balancer, or trusts the certificate that the door has for another name.</summary>
    private static async Task ShouldAnswer(string verify, FrontDoor door, string scheme, string challenge)
    {
        using var typist = new Typist().Knows(
            $"curl() {{ command curl -sk --connect-to '::{new Uri(door.DataUrl).Authority}' \"${{@/https:/{scheme}:}}\"; }}");
        var answer = await typist.Type(verify);
        answer.ShouldSucceed();
        Assert.Matches("^HTTP/\\S+ 401", answer.Output);
        Assert.True(challenge.Length > 0);
        Assert.Contains(challenge, answer.Output);
    }
}
