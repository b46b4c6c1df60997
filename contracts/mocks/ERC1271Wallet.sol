// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title ERC1271Wallet
/// @notice A contract account that accepts the signatures of its owner, as long as it is not locked.
contract ERC1271Wallet is IERC1271 {
    error WalletNotOwner(address caller);

    address public immutable owner;
    bool public locked;

    constructor(address owner_) {
        owner = owner_;
    }

    function setLocked(bool isLocked) external {
        if (msg.sender != owner) revert WalletNotOwner(msg.sender);
        locked = isLocked;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        (address signer, ECDSA.RecoverError err, ) = ECDSA.tryRecoverCalldata(hash, signature);
        bool accepted = !locked && err == ECDSA.RecoverError.NoError && signer == owner;
        return accepted ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}
