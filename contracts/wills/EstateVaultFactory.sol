// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IWillRegistry, WillId} from "./interfaces/IWillRegistry.sol";
import {EstateVault} from "./EstateVault.sol";

/// @title EstateVaultFactory
/// @notice Makes the vault of a will, at an address known before it exists, so that it can be funded and named anywhere.
contract EstateVaultFactory {
    /// @notice The vault of `id` was made.
    event EstateVaultCreated(WillId indexed id, address vault);

    /// @notice The code all vaults share.
    EstateVault public immutable IMPLEMENTATION;

    constructor(IWillRegistry registry) {
        IMPLEMENTATION = new EstateVault(registry);
    }

    /// @notice Where the vault of `id` is, or will be.
    function vaultOf(WillId id) external view returns (address) {
        return Clones.predictDeterministicAddressWithImmutableArgs(address(IMPLEMENTATION), abi.encode(id), 0);
    }

    /// @notice Makes the vault of `id`. Anyone may; it belongs to the testator whose address begins the id.
    function createVault(WillId id) external returns (address vault) {
        vault = Clones.cloneDeterministicWithImmutableArgs(address(IMPLEMENTATION), abi.encode(id), 0);
        emit EstateVaultCreated(id, vault);
    }
}
