{
  description = "One command puts an AI coding tool to work on a directory, inside an Incus system container of its own";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      # Incus is Linux only.
      systems = [ "x86_64-linux" "aarch64-linux" ];
      forEach = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
      last = list: builtins.elemAt list (builtins.length list - 1);
      # node_modules/a/node_modules/@b/c is the package @b/c.
      nameOf = path: last (builtins.filter builtins.isString (builtins.split "node_modules/" path));
      locked = (builtins.fromJSON (builtins.readFile ./package-lock.json)).packages;
      # The lock file says what a package's tarball must hash to and not where it is: npm itself knows that, and the hash
      # makes it a fixed output. So nothing has to be kept up to date here. Optional packages of other systems have no hash.
      tarballs = pkgs: builtins.mapAttrs
        (path: entry: pkgs.runCommand "${baseNameOf (nameOf path)}-${entry.version}.tgz"
          {
            nativeBuildInputs = [ pkgs.nodejs_22 pkgs.cacert ];
            outputHash = entry.integrity;
            outputHashMode = "flat";
          } ''
          export HOME=$TMPDIR
          npm pack --ignore-scripts --pack-destination "$TMPDIR" ${entry.name or (nameOf path)}@${entry.version}
          mv "$TMPDIR"/*.tgz $out
        '')
        (builtins.removeAttrs locked (builtins.filter (path: !(locked.${path} ? integrity)) (builtins.attrNames locked)));
      manifest = builtins.fromJSON (builtins.readFile ./package.json);
    in
    {
      packages = forEach (pkgs: rec {
        default = clincus;
        clincus = pkgs.buildNpmPackage {
          pname = manifest.name;
          version = manifest.version;
          src = self;
          npmDeps = pkgs.importNpmLock {
            npmRoot = ./.;
            packageSourceOverrides = tarballs pkgs;
          };
          npmConfigHook = pkgs.importNpmLock.npmConfigHook;
          nodejs = pkgs.nodejs_22;
          nativeBuildInputs = [ pkgs.makeWrapper ];
          # One file that needs Node and nothing else; the packages it is built with stay behind.
          installPhase = ''
            runHook preInstall
            install -Dm755 dist/clincus $out/libexec/clincus/clincus
            install -Dm644 dist/package.json $out/libexec/clincus/package.json
            makeWrapper ${pkgs.nodejs_22}/bin/node $out/bin/clincus --add-flags $out/libexec/clincus/clincus
            runHook postInstall
          '';
          meta = {
            description = manifest.description;
            license = pkgs.lib.licenses.mit;
            mainProgram = "clincus";
            platforms = systems;
          };
        };
      });

      apps = forEach (pkgs: {
        default = {
          type = "app";
          program = "${self.packages.${pkgs.system}.clincus}/bin/clincus";
        };
      });

      devShells = forEach (pkgs: {
        default = pkgs.mkShell {
          packages = [ pkgs.nodejs_22 pkgs.incus pkgs.tmux pkgs.git ];
        };
      });
    };
}
