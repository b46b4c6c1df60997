// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "../utils/Test.sol";
import {TestToken} from "../../contracts/mocks/TestToken.sol";
import {EstateVault} from "../../contracts/wills/EstateVault.sol";
import {EstateVaultFactory} from "../../contracts/wills/EstateVaultFactory.sol";
import {Bequest, EstateFixedTotal, EstatePlan} from "../../contracts/wills/interfaces/IEstateVault.sol";
import {IWillRegistry, WillId, WillState} from "../../contracts/wills/interfaces/IWillRegistry.sol";

/// @dev A registry in which the will is released with a manifest that holds the plan alone.
contract ReleasedRegistry {
    bytes29 public root;

    function set(bytes32 planHash) external {
        root = bytes29(keccak256(abi.encode(uint8(9), planHash, uint256(0))));
    }

    function sealOf(WillId) external view returns (bytes29, WillState) {
        return (root, WillState.Released);
    }

    function versionOf(WillId) external view returns (uint16, bytes29) {
        return (1, root);
    }
}

/// @dev Deposits, claims, lets time pass: what anybody can do to an estate in settlement.
contract EstateHandler is Test {
    EstateVault public vault;
    TestToken public token;
    Bequest[] private _bequests;
    bytes32[] private _leaves;
    mapping(address asset => uint256) public received;
    mapping(address asset => uint256) public claimed;
    uint256 public constant COUNT = 4;

    constructor() {
        vm.warp(1_800_000_000);
        ReleasedRegistry registry = new ReleasedRegistry();
        EstateVaultFactory factory = new EstateVaultFactory(IWillRegistry(address(registry)));
        vault = EstateVault(payable(factory.createVault(WillId.wrap(bytes32(uint256(1))))));
        token = new TestToken("T", "T", 18);

        _add(0, 5_000, address(0), 0);
        _add(0, 3_000, address(0), 0);
        _add(0, 2_000, address(0), uint40(block.timestamp + 100 days));
        _add(1, 1_000, address(token), 0);
        EstateFixedTotal[] memory table = new EstateFixedTotal[](1);
        table[0] = EstateFixedTotal(address(token), 1_000);
        EstatePlan memory plan = EstatePlan({
            bequestsRoot: _pair(_pair(_leaves[0], _leaves[1]), _pair(_leaves[2], _leaves[3])),
            fixedTotalsHash: keccak256(abi.encode(table)),
            executorsHash: 0,
            executorThreshold: 0,
            feeCapBps: 0,
            debtCapBps: 0,
            administrationDays: 0,
            claimDays: 36_500,
            substituteDays: 30,
            finalDays: 60_000,
            residue: address(0xdead)
        });
        registry.set(keccak256(abi.encode(plan)));
        vault.beginSettlement(plan, new bytes32[](0));
        vault.openAsset(address(0), table);
        vault.openAsset(address(token), table);
    }

    function deposit(bool eth, uint256 amount) external {
        amount = bound(amount, 1, 1e24);
        if (eth) {
            vm.deal(address(this), amount);
            (bool sent, ) = address(vault).call{value: amount}("");
            require(sent, "not received");
            received[address(0)] += amount;
        } else {
            token.mint(address(vault), amount);
            received[address(token)] += amount;
        }
    }

    function claim(bool eth, uint256 index) public {
        index = bound(index, 0, COUNT - 1);
        address asset = eth ? address(0) : address(token);
        Bequest memory bequest = _bequests[index];
        if (bequest.asset != address(0) && bequest.asset != asset) return;
        uint256 due = vault.dueOf(bequest, asset);
        if (due == 0) return;
        vault.claim(bequest, asset, bequest.heir, proofOf(index));
        claimed[asset] += due;
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 20 days));
    }

    function proofOf(uint256 index) public view returns (bytes32[] memory proof) {
        proof = new bytes32[](2);
        proof[0] = _leaves[index ^ 1];
        proof[1] = index < 2 ? _pair(_leaves[2], _leaves[3]) : _pair(_leaves[0], _leaves[1]);
    }

    function _add(uint8 kind, uint128 amount, address asset, uint40 unlockAt) private {
        uint16 index = uint16(_bequests.length);
        address heir = address(uint160(0x1000 + index));
        Bequest memory bequest = Bequest(kind, index, heir, address(0), asset, amount, 0, unlockAt, 0);
        _bequests.push(bequest);
        _leaves.push(keccak256(abi.encode(bequest)));
    }

    function _pair(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? keccak256(bytes.concat(a, b)) : keccak256(bytes.concat(b, a));
    }
}

contract EstateVaultInvariants is Test {
    EstateHandler private handler;

    function setUp() external {
        handler = new EstateHandler();
        bytes4[] memory selectors = new bytes4[](3);
        selectors[0] = EstateHandler.deposit.selector;
        selectors[1] = EstateHandler.claim.selector;
        selectors[2] = EstateHandler.pass.selector;
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), selectors));
    }

    function held(address asset) private view returns (uint256) {
        EstateVault vault = handler.vault();
        return asset == address(0) ? address(vault).balance : TestToken(asset).balanceOf(address(vault));
    }

    function booksAgree(address asset) private view {
        EstateVault vault = handler.vault();
        (, uint256 paid, , , ) = vault.assetOf(asset);
        assertEq(paid, handler.claimed(asset), "the book is what was claimed");
        assertEq(handler.received(asset), paid + held(asset), "what came in is paid or held");
        uint256 sum = 0;
        for (uint16 i = 0; i < handler.COUNT(); ++i) sum += vault.paidOf(asset, i);
        assertEq(sum, paid, "the bequests make up the book");
    }

    /// @notice Σ paid ≤ Σ received, an asset at a time, and nothing appears or vanishes.
    function invariant_whatCameInIsPaidOrHeld() external view {
        booksAgree(address(0));
        booksAgree(address(handler.token()));
    }

    /// @notice No stuck funds: whatever happened before, when everything is unlocked and claimed only dust is left.
    function invariant_afterAllClaimsOnlyDustIsLeft() external {
        vm.warp(block.timestamp + 200 days);
        for (uint256 i = 0; i < handler.COUNT(); ++i) {
            handler.claim(true, i);
            handler.claim(false, i);
        }
        assertLt(held(address(0)), handler.COUNT(), "ETH dust");
        assertLt(held(address(handler.token())), handler.COUNT(), "token dust");
        booksAgree(address(0));
        booksAgree(address(handler.token()));
    }
}
