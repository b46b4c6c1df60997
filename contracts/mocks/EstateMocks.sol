// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title TestNft
/// @notice ERC-721 tokens anyone can mint.
contract TestNft is ERC721 {
    constructor() ERC721("House", "HOUSE") {}

    function mint(address to, uint256 tokenId) external {
        _mint(to, tokenId);
    }
}

/// @title TestMulti
/// @notice ERC-1155 tokens anyone can mint.
contract TestMulti is ERC1155 {
    constructor() ERC1155("") {}

    function mint(address to, uint256 tokenId, uint256 amount) external {
        _mint(to, tokenId, amount, "");
    }
}

/// @title RebasingToken
/// @notice Its balances shrink and grow by themselves.
contract RebasingToken is ERC20 {
    uint256 public factor = 100;

    constructor() ERC20("Rebase", "REB") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @notice Sets the balance everyone has, in hundredths of what was minted.
    function rebase(uint256 hundredths) external {
        factor = hundredths;
    }

    function balanceOf(address account) public view override returns (uint256) {
        return (super.balanceOf(account) * factor) / 100;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, from == address(0) ? value : (value * 100) / factor);
    }
}

/// @title ContractAccount
/// @notice An ERC-1271 account of one owner that can call anything; refuses ETH while told to.
contract ContractAccount is IERC1271 {
    error EthRefused();

    address public immutable OWNER;
    bool public refusing;
    address private _target;
    bytes private _payload;
    bool public reentered;

    constructor(address owner) {
        OWNER = owner;
    }

    receive() external payable {
        if (refusing) revert EthRefused();
        if (_target != address(0)) {
            address target = _target;
            _target = address(0);
            (reentered, ) = target.call(_payload);
        }
    }

    function setRefusing(bool refuses) external {
        refusing = refuses;
    }

    /// @notice Calls `target` with `payload` in the middle of the next receipt of ETH.
    function arm(address target, bytes calldata payload) external {
        (_target, _payload) = (target, payload);
    }

    function execute(address target, bytes calldata data) external payable returns (bytes memory result) {
        bool ok;
        (ok, result) = target.call{value: msg.value}(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes memory signature) external view returns (bytes4) {
        (address signer, ECDSA.RecoverError problem, ) = ECDSA.tryRecover(hash, signature);
        bool valid = problem == ECDSA.RecoverError.NoError && signer == OWNER;
        return valid ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}
