using System.Text;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary><c>dotnet publish -t:PublishContainer</c> of this SDK, with the forms of credentials that Docker's configuration has.</summary>
public sealed class DotnetPublishTests(Lab lab)
{
    private const string Project = """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <UseAppHost>false</UseAppHost>
          </PropertyGroup>
        </Project>
        """;

    [Fact]
    public async Task It_pushes_by_password_and_identity_token_and_says_who_may_not()
    {
        var door = await lab.Door;
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("app"));
        Directory.CreateDirectory(folder.File("docker"));
        folder.Write("app/app.csproj", Project);
        folder.Write("app/Program.cs", "System.Console.WriteLine(\"hello\");");
        (await Shell.Run("dotnet", ["restore", folder.File("app"), "-v", "quiet"], null, ("MSBUILDDISABLENODEREUSE", "1"))).ShouldSucceed();
        using var alice = door.Client("alice");
        await alice.PushImage("public/base", "v1", TestImage.Build(970, 1000));
        await alice.PushImage("team-a/base", "v1", TestImage.Build(971, 1000));
        using var login = await alice.PostToken(("grant_type", "password"), ("service", "127.0.0.1"), ("client_id", "docker"),
            ("access_type", "offline"), ("username", "alice"), ("password", FrontDoor.PasswordOf("alice")));
        var identity = (await RegistryClient.ReadToken(login)).RefreshToken!;

        var password = Credentials("alice", FrontDoor.PasswordOf("alice"));
        Pushed(await Publish(folder, door, password, "public/base", "team-a/dotnet-1"));
        Pushed(await Publish(folder, door, password, "team-a/base", "team-a/dotnet-2"));
        Pushed(await Publish(folder, door, Credentials("alice", "", identity), "public/base", "team-a/dotnet-3"));
        Pushed(await Publish(folder, door, password, "public/base", "team-a/dotnet-4",
            ("DOTNET_CONTAINER_DEBUG_REGISTRY_FORCE_CHUNKED_UPLOAD", "true"),
            ("DOTNET_CONTAINER_REGISTRY_CHUNKED_UPLOAD_SIZE_BYTES", "3000")));
        (await Publish(folder, door, Credentials("bob", FrontDoor.PasswordOf("bob")), "public/base", "team-a/dotnet-5"))
            .ShouldFail("received status code 'Forbidden'");
        (await Publish(folder, door, Credentials("carol", FrontDoor.PasswordOf("carol")), "team-a/base", "team-a/dotnet-6"))
            .ShouldFail("CONTAINER1016");
        (await Publish(folder, door, Credentials("alice", "wrong"), "public/base", "team-a/dotnet-7")).ShouldFail("CONTAINER1016");
        Pushed(await Publish(folder, door, Credentials("dave", FrontDoor.PasswordOf("dave")), "public/base", "team-d/dotnet-8"));
        using var manifest = await alice.GetManifest("team-a/dotnet-4", "v1");
        Assert.True(manifest.IsSuccessStatusCode);
    }

    private static void Pushed(ShellResult result)
    {
        result.ShouldSucceed();
        Assert.Contains("Pushed image", result.Output);
    }

    private static Task<ShellResult> Publish(
        TemporaryFolder folder, FrontDoor door, string credentials, string from, string to,
        params (string Name, string Value)[] environment)
    {
        folder.Write("docker/config.json", $$"""{ "auths": { "{{door.Authority}}": {{credentials}} } }""");
        return Shell.Run(
            "dotnet",
            ["publish", folder.File("app"), "-c", "Release", "--no-restore", "-v", "minimal", "--nologo", "-t:PublishContainer",
                $"-p:ContainerBaseImage={door.Authority}/{from}:v1", $"-p:ContainerRegistry={door.Authority}",
                $"-p:ContainerRepository={to}", "-p:ContainerImageTag=v1"],
            null,
            [("DOCKER_CONFIG", folder.File("docker")), ("DOTNET_CONTAINER_INSECURE_REGISTRIES", door.Authority),
                ("MSBUILDDISABLENODEREUSE", "1"), .. environment]);
    }

    private static string Credentials(string user, string password, string? identity = null)
    {
        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));
        return identity is null ? $$"""{ "auth": "{{basic}}" }""" : $$"""{ "auth": "{{basic}}", "identitytoken": "{{identity}}" }""";
    }
}
